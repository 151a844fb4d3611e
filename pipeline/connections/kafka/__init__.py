"""How a Kafka cluster is reached: one description, and what each kind of client is told from it.

`description` says what a profile may have, `librdkafka` makes every client in Python, `jvm` the properties of
those in Flink, `words` says what their errors mean. Nobody else tells a client how to connect.
"""
