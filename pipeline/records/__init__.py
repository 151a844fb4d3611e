"""What a record means: transactions, decisions, positions, quantities."""
