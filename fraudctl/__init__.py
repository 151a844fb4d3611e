"""fraudctl: a fraud-scoring pipeline on real servers, from one command line."""

__version__ = "0.2.0"
