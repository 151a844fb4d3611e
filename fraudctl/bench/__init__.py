"""Benchmarks: rate, capacity, keys, sinks, and what they ran on."""
