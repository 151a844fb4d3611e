"""The read-only page of a stack on this machine: who may see it, what is on it, what serves it."""
