"""What is asked about decisions: alerts, explanations, search, labels, dead letters."""
