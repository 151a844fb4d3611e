"""What the kernel is told of a schema registry: it travels with the job, so it holds no secret."""

from __future__ import annotations

from pipeline.connections import tls
from pipeline.connections.kafka import jvm
from pipeline.connections.registry.description import SchemaRegistry


def properties(registry: SchemaRegistry) -> dict[str, str]:
    """As `schema/Registry.java` takes them; secrets are references to files. Raises BadFile."""
    found = {"url": registry.base}
    if registry.is_encrypted:
        tls.check(registry.tls_files)
        found |= jvm.tls_properties(registry.tls_files)
    if registry.username is not None and registry.password_file is not None:
        tls.secret(registry.password_file)
        found["username"] = registry.username
        found["password"] = jvm.reference("line", registry.password_file)
    return found | jvm.PROVIDERS
