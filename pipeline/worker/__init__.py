"""A folder on the path of the TaskManager's Python and of no other: see `sitecustomize`."""
