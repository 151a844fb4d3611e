"""What the DynamoDB sink can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pipeline.connections.aws import ROLE, Access
from pipeline.connections.secrets import Secret
from pipeline.records.clock import DAY_MS, MINUTE_MS
from pipeline.settings.kinds import Duration, File, Text, Truth, Whole
from pipeline.settings.reading import settings
from pipeline.sinks import Pace
from pipeline.sinks.dynamodb import items

TABLE: Final = "fraud_alerts"


@settings({"alert_ttl_ms": "alert_ttl", "mark_ttl_ms": "mark_ttl"})
class Settings(Pace):
    """What the DynamoDB sink can be told."""

    alert_ttl_ms: Annotated[int, Duration(1, 3_650 * DAY_MS)] = DAY_MS
    """how long an alert lives, from the append time of its decision"""
    mark_ttl_ms: Annotated[int, Duration(1, 3_650 * DAY_MS)] = 10 * MINUTE_MS
    """how long after an older run was seen a late decision of it is still beaten"""
    table: Annotated[str, items.TABLE_NAME] = TABLE
    """the table's name; NAME_runs is beside it"""
    threads: Annotated[int, Whole(1, 256)] = 8
    """writes at the same time"""
    create: Annotated[bool, Truth()] = True
    """make missing tables; false where somebody else does"""
    region: Annotated[str, Text()] | None = None
    """the region, where the address or what AWS tools find does not say it"""
    role: Annotated[str, Text(*ROLE)] | None = None
    """a role that is assumed, by its ARN"""
    ca_file: Annotated[Path, File()] | None = None
    """PEM: the authorities of the endpoint's certificate, if not those of this machine"""
    credentials_file: Annotated[Path, File()] | None = None
    """ACCESS_KEY_ID:SECRET_ACCESS_KEY, or a file as AWS tools have it"""

    def access(self, secret: Secret) -> Access:
        """As whom the service is asked, with that secret."""
        return Access(secret, self.role, self.ca_file)
