"""Transactions made or read from files, how well what was in them was caught, and labels, which tell it."""
