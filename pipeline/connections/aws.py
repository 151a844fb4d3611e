"""Clients of AWS services and of what stands in for them, built in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.connections.proxies import on_loopback

if TYPE_CHECKING:
    from botocore.config import Config


def client(service: str, settings: Config, **options: Any) -> Any:
    """A client of that service, safe for many threads; what is on loopback it asks past every proxy.

    `options` are those of boto3. Where they name no endpoint, the environment and the files of AWS tools may,
    so the client itself is asked where it leads. Raises what boto3 raises.
    """
    # Profiles are read by what a sink can be told, and that shall not cost boto3's quarter of a second.
    import boto3
    from botocore.config import Config

    direct = settings.merge(Config(proxies={}))
    session = boto3.session.Session()
    if on_loopback(options.get("endpoint_url") or ""):
        return session.client(service, config=direct, **options)
    made = session.client(service, config=settings, **options)
    if not on_loopback(made.meta.endpoint_url):
        return made
    made.close()
    return session.client(service, config=direct, **options)
