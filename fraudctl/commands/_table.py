"""The table of commands: what `fraudctl` shows without reading what any of them does."""

from __future__ import annotations

from fraudctl.commands._tree import Entry

COMMANDS = {
    "up": Entry(
        "fraudctl.commands.stack",
        "Start the whole stack and wait until it works. Repeats are quick and change nothing.",
        {"up": ""},
    ),
    "down": Entry(
        "fraudctl.commands.stack",
        "Stop the stack: the job with a savepoint, then every server. All data stays.",
        {"down": ""},
    ),
    "purge": Entry(
        "fraudctl.commands.purge",
        "Stop the stack and delete what it wrote, with all data. Exit 1 if something could not be deleted.",
        {"purge": ""},
    ),
    "restart": Entry(
        "fraudctl.commands.stack",
        "Stop and start one server, or a single program such as flink-taskmanager, and wait for it.",
        {"restart": ""},
    ),
    "status": Entry(
        "fraudctl.commands.stack",
        "How every server, the job and the sinks are. Exit 3 if one is not well, 4 if nothing runs.",
    ),
    "logs": Entry("fraudctl.commands.stack", "The log of a program, or of all."),
    "top": Entry(
        "fraudctl.commands.top",
        "Watch the stack live: rates, delays, lag, job, partitions and the newest alerts.",
    ),
    "console": Entry(
        "fraudctl.commands.console",
        "Show the stack on a read-only page of this machine: charts, alerts, search, explanations, rules.",
    ),
    "simulate": Entry(
        "fraudctl.commands.simulate",
        "Send a scenario at its pace, wait for every decision, print the scorecard.",
        {"simulate": ""},
    ),
    "ingest": Entry(
        "fraudctl.commands.ingest",
        "Send a file's rows; every refused row is reported with its line and reason.",
        {"ingest": ""},
    ),
    "inspect": Entry(
        "fraudctl.commands.inspect",
        "Say what a file is, which column looks like which field, and the command that reads it.",
    ),
    "alerts": Entry(
        "fraudctl.commands.alerts",
        "Show flagged transactions, newest first, or with `top` the riskiest addresses or users of 24 h.",
    ),
    "search": Entry(
        "fraudctl.commands.search",
        "Search the audit index of decisions, newest first (needs the sink elasticsearch).",
    ),
    "explain": Entry(
        "fraudctl.commands.explain",
        "Explain a decision: the transaction, every feature, every rule with the values it compared.",
    ),
    "backtest": Entry(
        "fraudctl.commands.backtest", "Score a recorded file and compare with its labels, without a stack."
    ),
    "replay": Entry(
        "fraudctl.commands.replay",
        "Score the log again with a rule set, beside the live job, and compare.",
        {"replay": "publish"},
    ),
    "label": Entry(
        "fraudctl.commands.label",
        "Write an analyst's verdict to the labels topic, or a file of them.",
        {"label": ""},
    ),
    "grants": Entry(
        "fraudctl.commands.grants",
        "Print the ACLs, roles and policies that exactly this profile needs, in each server's own language.",
    ),
    "doctor": Entry(
        "fraudctl.commands.doctor",
        "Check Python, memory, disk, ports, leftovers and versions. Exit 3 if something must be mended.",
    ),
    "bench": Entry(
        "fraudctl.commands.bench",
        "Measure the running stack; exit 5 if a decision is missing or wrong, or the rate was not sustained.",
        {"bench": ""},
    ),
    "job": Entry(
        "fraudctl.commands.job",
        "The live scoring job.",
        dict.fromkeys(("submit", "stop", "savepoint", "rescale", "reset-offsets"), ""),
    ),
    "hotkeys": Entry(
        "fraudctl.commands.hotkeys",
        "Show which users, addresses, cards, … have the largest part of the traffic, of the last minutes.",
    ),
    "topics": Entry("fraudctl.commands.topics", "The topics of the stack.", {"grow": ""}),
    "scenario": Entry("fraudctl.commands.scenario", "The kinds of traffic that simulate can send."),
    "sinks": Entry(
        "fraudctl.commands.sinks",
        "The writers that feed each store.",
        {"pause": "", "resume": "", "rewind": "", "dlq": "retry"},
    ),
    "chaos": Entry(
        "fraudctl.commands.chaos",
        "Break something on purpose and prove that nothing is lost.",
        dict.fromkeys(("run", "undo"), ""),
    ),
    "export": Entry("fraudctl.commands.export", "Decisions as training data.", {"compact": ""}),
    "rules": Entry(
        "fraudctl.commands.rules",
        "Rule sets: features, rules and thresholds as data.",
        dict.fromkeys(("apply", "pause", "rollback", "approve", "adopt", "shadow", "promote"), ""),
    ),
    "dlq": Entry("fraudctl.commands.dlq", "Records that were refused for good.", {"retry": ""}),
    "verify": Entry(
        "fraudctl.commands.verify",
        "Prove that every store agrees with the decisions log.",
        {"sinks": "repair"},
    ),
    "forget": Entry(
        "fraudctl.commands.forget",
        "Erase a person from every store, and from what readers see of the log.",
        {"user": ""},
    ),
    "audit": Entry(
        "fraudctl.commands.audit",
        "Show who changed what and when, or `verify` that none of it was changed or cut; exit 5 if it was.",
    ),
    "backup": Entry(
        "fraudctl.commands.backup",
        "A copy of a stack from which it goes on elsewhere.",
        dict.fromkeys(("create", "restore"), ""),
    ),
    "secrets": Entry("fraudctl.commands.secrets", "The secrets of the stack's own servers.", {"rotate": ""}),
    "schema": Entry("fraudctl.commands.schema", "The JSON Schemas of records and files."),
    "notify": Entry("fraudctl.commands.notify", "What became of notifications."),
    "dashboards": Entry("fraudctl.commands.dashboards", "Dashboards and alert rules as files."),
    "deploy": Entry("fraudctl.commands.deploy", "What a stack on Kubernetes is made of."),
    "aws": Entry(
        "fraudctl.commands.aws",
        "A stack on AWS: its packages and template, and the deployment itself.",
        dict.fromkeys(("deploy", "down", "delete", "submit", "stop", "savepoint"), ""),
    ),
    "profile": Entry("fraudctl.commands.profile", "Profiles: what a stack is built from."),
}
"""Every command: the module that has it, its short help, which stands there as its docstring, and its verbs
that change something, which the audit log has, some with an option alone."""
