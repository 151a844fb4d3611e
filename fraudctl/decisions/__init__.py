"""What is asked about decisions: alerts, explanations, search, dead letters."""
