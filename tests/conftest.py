"""For all tests."""

from __future__ import annotations

import signal

from tests import variables as variables

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would the commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
