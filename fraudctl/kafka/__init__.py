"""Kafka outside Flink: topics, offsets, reading, sending. Nobody else in `fraudctl` knows its client."""
