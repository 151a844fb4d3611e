"""`python -m fraudctl` is the same as `fraudctl`."""

from fraudctl.cli import main

raise SystemExit(main())
