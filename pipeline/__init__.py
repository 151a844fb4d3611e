"""The fraud pipeline: events, rules, features and scores. Knows nothing of the command line that runs it."""
