"""What fires how often, and what becomes of it."""

from __future__ import annotations

from typing import Final

from fraudctl.monitoring.panels import Dashboard, Panel, Query
from fraudctl.monitoring.shapes import ANCHORS, ask, lines

BOARD: Final = Dashboard(
    "rules",
    "fraudctl: rules",
    (
        lines(
            "What fires",
            "hits a second of each rule",
            "AlertRateHigh",
            "ops",
            ask("sum by (rule) (rate(fraudctl_rule_hits_total[1m]))", "{{rule}}"),
            width=16,
        ),
        Panel(
            "Hits of the last hour",
            "of the twenty rules that fire most",
            (Query("topk(20, sum by (rule) (increase(fraudctl_rule_hits_total[1h])))", "{{rule}}"),),
            ANCHORS["AlertRateHigh"],
            kind="bargauge",
        ),
        lines(
            "Flagged share",
            "of all decisions of an hour",
            "AlertRateLow",
            "percentunit",
            ask("fraudctl:flagged:ratio1h", "flagged"),
        ),
        lines(
            "Live and shadow",
            "flagged a second by the live rules, and by their shadow where there is one",
            "AlertRateHigh",
            "ops",
            ask('sum(rate(fraudctl_decisions_total{decision!="approve"}[1m]))', "live"),
            ask('sum(rate(fraudctl_shadow_decisions_total{decision!="approve"}[1m]))', "shadow"),
        ),
        lines(
            "Marks",
            "decisions a second that were late, saturated or warming",
            "HotKeys",
            "ops",
            ask("sum by (mark) (rate(fraudctl_marked_decisions_total[1m]))", "{{mark}}"),
        ),
        lines(
            "Refused",
            "records by the code of the reason",
            "ManyRefused",
            "short",
            ask("fraudctl_refused_total", "{{reason}}"),
        ),
        lines(
            "Plug-ins that fail",
            "calls by rule, and plug-ins that were stopped",
            "PluginFails",
            "short",
            ask("fraudctl_plugin_failures_total", "{{rule}}"),
            ask("fraudctl_stopped_plugins", "stopped"),
            limits=(1,),
        ),
        lines(
            "Rules put aside",
            "records on the rules topic that nobody goes by",
            "RulesPutAside",
            "short",
            ask("fraudctl_rules_put_aside", "records"),
            limits=(1,),
        ),
        lines(
            "Notifications",
            "messages by channel and outcome",
            "NotificationsLost",
            "short",
            ask("fraudctl_notifications_total", "{{channel}} {{outcome}}"),
        ),
        lines(
            "Verification",
            "differences that the last comparison of the stores left",
            "StoreDiffers",
            "short",
            ask("fraudctl_verification_faults", "{{sink}}"),
            limits=(1,),
        ),
    ),
)
