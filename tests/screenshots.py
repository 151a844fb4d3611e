"""Draws the pictures of the documentation: `python -m tests.screenshots` (`make screenshots`).

A real Chromium shows the console, at a desk and on a phone, and `top`, of an hour that is made up, and the
report of a real backtest: no stack is needed, and the same is seen each time.
"""

from __future__ import annotations

import base64
import io
import json
import math
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from fraudctl import cli
from fraudctl.console.tables import Table
from fraudctl.settings import shipped
from fraudctl.traffic import generator, scenario
from fraudctl.traffic.generator import Planned
from fraudctl.views import lines
from fraudctl.views.pulse import Partition, Pulse
from fraudctl.views.watcher import View
from fraudctl.views.web.source import Answer
from pipeline.records.flagged import Flagged
from pipeline.records.quantities import format_time
from tests.chromium import Browser, browser
from tests.unit.fraudctl.views.web.page_double import Strange, served
from tests.waiting import await_that

FOLDER: Final = Path(__file__).parents[1] / "docs" / "images"
DESK, PHONE = (1000, 900), (390, 844)
COLUMNS, ROWS = 96, 26
_PULSES, _EVERY_S = 240, 15
_ADDRESS: Final = "198.19.207.126"


class Example(Strange):
    """An hour of a stack that is well, in which somebody tries stolen accounts."""

    name = "default"

    def view(self) -> View:
        now_s = time.time()
        return View(7, tuple(_hour(now_s)), tuple(_alert(now_s, number) for number in range(20)))

    def decision(self, user_id: str, event_id: str) -> Answer:
        values = {"event_id": event_id, "user_id": user_id, "amount": "85.20", "currency": "EUR"}
        values |= {"ip": _ADDRESS, "country": "DE"}
        rules = [
            (
                "yes",
                "ip_burst",
                60,
                "ip_users_2m >= 5",
                f"ip_users_2m = 8\n8 users from {_ADDRESS} in 2 minutes",
            ),
            (
                "yes",
                "ip_many_cards",
                25,
                "ip_cards_5m >= 8",
                f"ip_cards_5m = 8\n8 cards from {_ADDRESS} in 5 minutes",
            ),
            ("no", "user_velocity", 40, "user_tx_5m >= 8", "user_tx_5m = 1"),
        ]
        features = [
            ("ip_users_2m", 8, "by: ip, agg: distinct, of: user_id, window: 2m"),
            ("ip_cards_5m", 8, "by: ip, agg: distinct, of: card_id, window: 5m"),
            ("user_tx_5m", 1, "by: user_id, agg: count, window: 5m"),
        ]
        tables = (
            Table("Transaction", ("field", "value"), list(values.items())),
            Table("Features", ("feature", "value", "declared as"), features),
            Table("Rules", ("fired", "rule", "points", "when", "values and reason"), rules),
        )
        where = "transaction at risk.transactions[2]@1709"
        return Answer(("block: score 85 (60 + 25)", "rules default-3 (0ebd451b98d4)", where), tables)


def _hour(now_s: float) -> Iterator[Pulse]:
    draw = random.Random(3).random
    for number in range(_PULSES):
        rate = 120 + 20 * math.sin(number / 20) + 10 * draw()
        lag = {"job": int(900 * draw()), "sink-postgres": int(90 * draw()), "sink-redis": int(40 * draw())}
        yield Pulse(
            at_s=now_s - (_PULSES - 1 - number) * _EVERY_S,
            events_s=rate,
            decisions_s=rate - draw(),
            flagged=0.01 + 0.005 * draw(),
            p50_s=0.06,
            p99_s=0.12 + 0.05 * draw(),
            lag=lag,
            partitions=tuple(Partition(place, rate / 4, int(200 * draw())) for place in range(4)),
            job_wanted=True,
            job_running=True,
            stopped=(),
            checkpoints=360,
            failed_checkpoints=0,
            checkpoint_age_s=4.0,
            checkpoint_took_s=0.5,
            checkpoint_bytes=2_400_000,
            verified_s=now_s - 300,
            verified_faults={"postgres": 0, "redis": 0},
        )


def _alert(now_s: float, number: int) -> Flagged:
    users = 8 - number % 4
    why = [{"rule": "ip_burst", "points": 60, "text": f"{users} users from {_ADDRESS} in 2 minutes"}]
    if users == 8:
        why.append({"rule": "ip_many_cards", "points": 25, "text": f"8 cards from {_ADDRESS} in 5 minutes"})
    score = sum(int(str(one["points"])) for one in why)
    decided_at = format_time(int(now_s * 1000) - number * 1_370)
    ids = (f"u805bcf77-{911 - number}", f"ip-burst-805bcf77-{5_457 - number:07d}")
    return Flagged(decided_at, "", *ids, "85.20", "EUR", _ADDRESS, score, "block", tuple(why))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="fraudctl-pictures-") as name,
        served(Example()) as page,
        browser(Path(name) / "chromium") as window,
    ):
        _console(window, page.url)
        _top(window, Path(name))
        _report(window, Path(name))


def _console(window: Browser, url: str) -> None:
    _show(window, url, DESK)
    _keep(window, "console")
    window.run("document.querySelector('figure').scrollIntoView()")
    _keep(window, "console-charts")
    window.run("document.querySelector('#live td a').click()")
    await_that(lambda: window.run("return location.pathname") == "/decision", "it opens")
    _keep(window, "console-decision")
    _show(window, url.partition("?")[0], PHONE)
    _keep(window, "console-phone")


def _show(window: Browser, url: str, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.open(url)
    await_that(lambda: window.run("return Boolean(document.querySelector('svg'))"), "the page is there")


def _top(window: Browser, folder: Path) -> None:
    example = Example()
    drawn = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines.overview(example.name, example.view(), 0, time.time(), ROWS):
        drawn.print(Text.assemble(*line), no_wrap=True, overflow="ellipsis")
    file = folder / "top.svg"
    drawn.save_svg(str(file), title="fraudctl top")
    window.resize(1000, 740)
    window.open(file.as_uri())
    _keep(window, "top")


def _report(window: Browser, folder: Path) -> None:
    """The page of a backtest, of ten minutes of payments among which stolen accounts are tried."""
    payments, report = folder / "payments.jsonl", folder / "report.html"
    chosen = scenario.find("ip-burst", shipped.data_dir("scenarios"))
    run = generator.Run(chosen, 7, 1_767_225_600_000, 100.0, 600_000, True)
    lines = (encode_with_label(planned) for planned in generator.stream(run))
    payments.write_text("".join(lines), encoding="utf-8")
    argv = ("backtest", str(payments), "--rules", "default", "--report", str(report))
    assert cli.main([*argv, "--home", str(folder)]) == 0
    window.resize(*DESK)
    window.open(report.as_uri())
    _keep(window, "report")


def encode_with_label(planned: Planned) -> str:
    """A payment as a line of a file, labelled."""
    payment = json.loads(planned.value)
    return json.dumps({**payment, "label": int(planned.part is not None)}) + "\n"


def _keep(window: Browser, name: str) -> None:
    (FOLDER / f"{name}.png").write_bytes(base64.b64decode(window.screenshot()))


if __name__ == "__main__":
    main()
