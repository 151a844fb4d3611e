"""Where checkpoints and savepoints live: a folder of the home, or a bucket; listed, looked at and deleted.

Everything is named by URI, as Flink names it. Nobody else looks for states in folders or buckets.
"""
