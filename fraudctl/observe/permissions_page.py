"""The page of rights, `docs/permissions.md`, made from what each store says it needs.

`python -m fraudctl.observe.permissions_page` writes it anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.observe import rights
from fraudctl.settings import reading
from fraudctl.settings.profile import External, Notify
from pipeline.connections.registry.description import SchemaRegistry

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"

_HEAD: Final = (
    "# Permissions\n\n"
    "Made by `make permissions` from what each store says it needs; a test fails when it is stale, and other "
    "tests run the writers with these rights and no others; at Kafka also the clients of commands, "
    "not the job.\n\n"
    "`fraudctl grants` prints them for a profile of yours (`--profile`), with its names of topics, users, "
    "tables and buckets; `fraudctl grants postgres` for one server, `--principal NAME` for a user that no "
    "address names, `--json` for programs. `fraudctl doctor --profile NAME` says which of them are lacking, "
    "and makes nothing.\n\n"
    "Below: a profile with every sink, notifications and a schema registry, whose user is `fraudctl`. "
    "The last is what was read of registries, not tried: the double that tests ask knows no rights. Karapace "
    "has the same as `Read` and `Write` of `Subject:NAME`.\n"
)
_LANGUAGES: Final = {"kafka": "sh", "postgres": "sql", "redis": "text", "registry": "sh"}
_TITLES: Final = {
    "kafka": "Kafka",
    "postgres": "PostgreSQL",
    "redis": "Redis",
    "elasticsearch": "Elasticsearch",
    "dynamodb": "DynamoDB",
    "s3": "S3 (Parquet)",
    "registry": "Schema registry",
}
_ELSEWHERE: Final = {
    "kafka": "kafka.example.com:9093",
    "postgres": "postgresql://fraudctl@db.example.com/risk",
    "redis": "rediss://fraudctl@cache.example.com:6380/0",
    "elasticsearch": "https://search.example.com:9200",
    "dynamodb": "aws://eu-central-1",
}


def text() -> str:
    """The whole page."""
    profile = example()
    tables_made = replace(profile, sinks={**profile.sinks, "postgres": {"create": False}})
    parts = [_HEAD, *(_chapter(one) for one in rights.of(profile))]
    [strict] = rights.of(tables_made, "postgres")
    parts.append("\n## PostgreSQL, where somebody else makes the tables\n\nWith `create: false`.\n\n")
    parts.append(f"```sql\n{strict.rights.text}\n```\n")
    return "".join(parts)


def example() -> Profile:
    """Every sink, all servers elsewhere, people told of alerts, decisions in a registry's frame."""
    profile = reading.load("all-sinks")
    servers = {name: replace(profile.server(name), external=External(at)) for name, at in _ELSEWHERE.items()}
    given = {**profile.sinks, "parquet": {"url": "s3://risk-training/decisions"}}
    registry = SchemaRegistry(url="https://registry.example.com", decisions="json_schema")
    people = Notify(channels={"slack": {}})
    return replace(profile, sinks=given, servers=servers, notify=people, schema_registry=registry)


def _chapter(one: rights.Needed) -> str:
    language = _LANGUAGES.get(one.server, "json")
    return f"\n## {_TITLES[one.server]}\n\n{one.kind}.\n\n```{language}\n{one.rights.text}\n```\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
