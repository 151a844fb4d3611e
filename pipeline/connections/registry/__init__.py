"""How a schema registry is reached and asked, by the interface of Confluent's, which others speak as well.

`description` says what a profile may have, `client` asks it from Python, `jvm` is what the kernel is told.
"""
