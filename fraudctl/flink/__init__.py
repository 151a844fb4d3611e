"""Flink from outside: its REST interface, its answers, and what a cluster is told."""
