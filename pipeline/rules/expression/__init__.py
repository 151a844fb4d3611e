"""The expressions of rules: parsed, checked, compiled."""
