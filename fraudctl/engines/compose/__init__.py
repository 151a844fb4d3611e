"""The Compose engine: a stack as containers, from the files in `compose/`."""
