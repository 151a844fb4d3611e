"""Settings as types: read, checked whole, every problem with its path; strict YAML."""
