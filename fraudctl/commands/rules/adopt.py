"""`fraudctl rules adopt`."""

from __future__ import annotations

from fraudctl import engines
from fraudctl.commands.rules import _elsewhere
from fraudctl.commands.rules._asked import KeyFile, Reason
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.errors import UsageError
from fraudctl.jobs import activations
from pipeline.records import wording


def adopt(reason: Reason = None, key: KeyFile = None) -> Result:
    """Vouch for every record that lies on the rules topic now, whoever wrote it.

    For records from before there were signatures, or by a key that is lost or trusted no more. Look at them
    first: what an intruder has written counts from then on, too. A running job takes it at its next start.

    Example: fraudctl rules adopt --reason "the key of the former home is lost"
    """
    if not reason:
        raise UsageError("say why with --reason", hint="it is signed and kept")
    if _elsewhere.is_asked(key):
        return _elsewhere.vouched(reason)
    here = engines.current()
    log = _elsewhere.carried(here)
    topic = activations.of(here, key, log) if log else activations.signed_for(here, key)
    many = topic.adopt(activations.Signature(reason).because())
    chain = topic.read()
    rows = [(one.offset, one.version, one.hash[:12], one.action) for one in reversed(chain)]
    data = {"records": many, "activations": len(chain), "newest": chain[-1].version if chain else None}
    summary = f"vouched for {wording.counted(many, 'record')}, {len(chain)} of them activations that count; "
    summary += "a running job takes it at its next start: fraudctl job stop && fraudctl job submit"
    return Result(
        summary, data, tables=(Table("", ("offset", "version", "hash", "by"), rows),) if rows else ()
    )
