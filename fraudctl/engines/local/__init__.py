"""The local engine: a stack as supervised processes on this machine."""
