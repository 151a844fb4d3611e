"""Decisions set beside decisions or labels: diffs, replays, shadows, backtests and their pages."""
