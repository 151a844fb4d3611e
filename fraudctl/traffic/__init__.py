"""Transactions that are made or read from files, and how well what was in them was caught."""
