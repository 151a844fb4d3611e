"""Where a stack runs: one module per engine."""
