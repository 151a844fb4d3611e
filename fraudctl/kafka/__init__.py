"""Kafka outside Flink: topics, offsets, reading, sending."""
