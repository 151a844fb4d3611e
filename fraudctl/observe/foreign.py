"""How many events decided lately were in another currency than the rule set in force has its amounts in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from fraudctl.console.result import Table
from fraudctl.engines.workers import EXPORTER
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations
from fraudctl.observe.tally import NO_CURRENCY
from pipeline.metrics import asking

_METRIC = "fraudctl_decisions_by_currency_total"


@dataclass(frozen=True, slots=True)
class Currencies:
    """Decisions by currency since the exporter started, and the currency of the rule set, if it has one."""

    own: str | None
    decided: dict[str, int]

    @property
    def foreign(self) -> int:
        """Decisions on events that name another currency than the rule set's."""
        if self.own is None:
            return 0
        return sum(count for code, count in self.decided.items() if code not in (self.own, NO_CURRENCY))

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {"rule_set": self.own, "decided": self.decided, "other_currency": self.foreign}

    def tables(self) -> tuple[Table, ...]:
        """Nothing where every event is in the rule set's currency."""
        if not self.foreign:
            return ()
        rows = [(code, count, "" if code == self.own else "another") for code, count in self.decided.items()]
        return (Table("", ("currency", "decisions", f"than {self.own}"), rows),)


def look(stack: Stack) -> Currencies | None:
    """As the exporter counts them; None where it does not tell, or nothing is in force."""
    port = stack.metrics_port(EXPORTER)
    with suppress(OSError, FraudctlError):
        in_force = None if port is None else activations.now(activations.of(stack).read())
        if port is not None and in_force is not None:
            own = in_force.content.get("settings", {}).get("currency")
            told = [one for one in asking.ask(port) if one.name == _METRIC]
            by_currency = {dict(one.labels)["currency"]: int(one.value) for one in told}
            return Currencies(own, dict(sorted(by_currency.items(), key=lambda item: -item[1])))
    return None
