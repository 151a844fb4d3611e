"""Flink's interfaces."""
