"""The live job and jobs beside it: submission, activation, restarts, pruning."""
