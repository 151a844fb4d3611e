"""The template's alarms: those of our alert rules whose figures AWS itself has, and a budget.

What only the pipeline's own metrics tell needs a Prometheus (`UNMAPPED`); the rules for one are written by
`fraudctl dashboards export`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from fraudctl.aws import programs
from fraudctl.aws.documents import Document, Resources
from fraudctl.monitoring.alerts import ALERTS, Alert, Severity
from pipeline.records.names import JOB_GROUP, dead_letters, writer_group
from pipeline.settings.document import Told

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

Alarms = Resources
MINUTE_S: Final = 60
BROKERS: Final = 3
STATE_BYTES: Final = 500_000_000
STORE_BEHIND_S: Final = 10
LAG: Final = 1_000
RUNBOOK: Final = "docs/runbook.md"
TOPICS: Final = {Severity.PAGE: "Page", Severity.TICKET: "Ticket"}


def _no_decisions(profile: Profile) -> Alarms:
    """Transactions come and none is decided, by the brokers' own counts."""
    named = {"t": profile.topics.transactions, "d": profile.topics.decisions}
    queries = [
        _messages(f"{kind}{broker}", topic, broker)
        for kind, topic in named.items()
        for broker in range(1, BROKERS + 1)
    ]
    sums = {kind: "+".join(f"FILL({kind}{n},0)" for n in range(1, BROKERS + 1)) for kind in named}
    # Ticks are records as well: less than one in five seconds is no traffic.
    shown = {"Id": "undecided", "Expression": f"IF(({sums['t']})>0.2 AND ({sums['d']})==0,1,0)"}
    return {"": {"Metrics": [*queries, {**shown, "ReturnData": True}], **_above(0, 2)}}


def _job_down(profile: Profile) -> Alarms:
    """The service counts the units of a job that runs; of one that does not it says nothing."""
    metric = _of_the_job("KPUs", "Minimum")
    return {"": {**metric, **_above(1, 2), "ComparisonOperator": "LessThanThreshold", **_breaching()}}


def _job_restarts(profile: Profile) -> Alarms:
    query = {
        "Id": "restarts",
        "ReturnData": False,
        "MetricStat": {"Stat": "Maximum", "Period": MINUTE_S, "Metric": _job_metric("numRestarts")},
    }
    more = {"Id": "more", "Expression": "DIFF(restarts)", "ReturnData": True}
    return {"": {"Metrics": [query, more], **_above(0, 1)}}


def _checkpoint_fails(profile: Profile) -> Alarms:
    query = {
        "Id": "failed",
        "ReturnData": False,
        "MetricStat": {
            "Stat": "Maximum",
            "Period": 10 * MINUTE_S,
            "Metric": _job_metric("numberOfFailedCheckpoints"),
        },
    }
    more = {"Id": "more", "Expression": "DIFF(failed)", "ReturnData": True}
    return {"": {"Metrics": [query, more], **_above(2, 1)}}


def _state_grows(profile: Profile) -> Alarms:
    return {"": {**_of_the_job("lastCheckpointSize", "Maximum"), **_above(STATE_BYTES, 10)}}


def _program_down(profile: Profile) -> Alarms:
    return {
        programs.logical(name): {
            "Namespace": "ECS/ContainerInsights",
            "MetricName": "RunningTaskCount",
            "Statistic": "Minimum",
            "Period": MINUTE_S,
            "Dimensions": _dimensions({"ClusterName": {"Ref": "Name"}, "ServiceName": name}),
            **_above(1, 2),
            "ComparisonOperator": "LessThanThreshold",
            **_breaching(),
        }
        for name in programs.names(profile)
    }


def _lag_grows(profile: Profile) -> Alarms:
    readers = {"Job": (JOB_GROUP, profile.topics.transactions)}
    readers |= {
        programs.logical(f"sink-{sink}"): (writer_group(sink), profile.topics.decisions)
        for sink in profile.sinks
    }
    return {
        name: {**_of_a_reader("SumOffsetLag", group, topic, "Minimum"), **_above(LAG, 5)}
        for name, (group, topic) in readers.items()
    }


def _store_behind(profile: Profile) -> Alarms:
    return {
        programs.logical(f"sink-{sink}"): {
            **_of_a_reader("EstimatedMaxTimeLag", writer_group(sink), profile.topics.decisions, "Minimum"),
            **_above(STORE_BEHIND_S, 2),
        }
        for sink in profile.sinks
    }


def _dead_letters(profile: Profile) -> Alarms:
    return {
        programs.logical(f"sink-{sink}"): {
            "Metrics": _in_any_broker(dead_letters(profile.topics.decisions, sink)),
            **_above(0, 1),
        }
        for sink in profile.sinks
    }


def _disk(profile: Profile) -> Alarms:
    return {
        f"Broker{broker}": {
            "Namespace": "AWS/Kafka",
            "MetricName": "KafkaDataLogsDiskUsed",
            "Statistic": "Maximum",
            "Period": 5 * MINUTE_S,
            "Dimensions": _dimensions({"Cluster Name": {"Ref": "ClusterName"}, "Broker ID": str(broker)}),
            **_above(85, 1),
        }
        for broker in range(1, BROKERS + 1)
    }


MAPPED: Final[Mapping[str, Callable[[Profile], Alarms]]] = {
    "NoDecisions": _no_decisions,
    "JobDown": _job_down,
    "JobRestarts": _job_restarts,
    "ProgramDown": _program_down,
    "ConsumerLagGrows": _lag_grows,
    "StoreBehind": _store_behind,
    "CheckpointFails": _checkpoint_fails,
    "StateGrows": _state_grows,
    "DeadLetters": _dead_letters,
    "DiskNearlyFull": _disk,
}
UNMAPPED: Final = frozenset(alert.name for alert in ALERTS) - MAPPED.keys()
"""rules whose figures only the pipeline's own metrics have"""


def resources(profile: Profile) -> Resources:
    """The topics that people subscribe to, the alarms, and the budget."""
    found: Resources = {
        name: {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "KmsMasterKeyId": "alias/aws/sns",
                "Subscription": [{"Protocol": "email", "Endpoint": {"Ref": "TellWhom"}}],
            },
        }
        for name in TOPICS.values()
    }
    for alert in ALERTS:
        if alert.name in MAPPED:
            found |= {
                f"{alert.name}{of}": _alarm(alert, of, alarm)
                for of, alarm in MAPPED[alert.name](profile).items()
            }
    return found | {"Budget": _budget()}


def _alarm(alert: Alert, of: str, settings: Told) -> Document:
    topic = TOPICS[alert.severity]
    said = alert.summary.split("{{")[0].strip(" ,") or alert.heading
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Sub": f"${{Name}}-{alert.name}{of and f'-{of}'}"},
            "AlarmDescription": f"{said}. {RUNBOOK}#{alert.anchor}",
            "AlarmActions": [{"Ref": topic}],
            "OKActions": [{"Ref": topic}],
            **({"TreatMissingData": "notBreaching"} | dict(settings)),
        },
    }


def _budget() -> Document:
    spent = {"ComparisonOperator": "GREATER_THAN", "ThresholdType": "PERCENTAGE"}
    return {
        "Type": "AWS::Budgets::Budget",
        "Properties": {
            "Budget": {
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
                "BudgetLimit": {"Amount": {"Ref": "BudgetUsd"}, "Unit": "USD"},
            },
            "NotificationsWithSubscribers": [
                {
                    "Notification": {**spent, "NotificationType": kind, "Threshold": share},
                    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": {"Ref": "TellWhom"}}],
                }
                for kind, share in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        },
    }


def _above(threshold: int, periods: int) -> Document:
    return {
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": threshold,
        "EvaluationPeriods": periods,
    }


def _breaching() -> dict[str, str]:
    return {"TreatMissingData": "breaching"}


def _dimensions(named: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def _job_metric(name: str) -> Document:
    of = _dimensions({"Application": {"Ref": "Job"}})
    return {"Namespace": "AWS/KinesisAnalytics", "MetricName": name, "Dimensions": of}


def _of_the_job(name: str, statistic: str) -> Document:
    return {**_job_metric(name), "Statistic": statistic, "Period": MINUTE_S}


def _of_a_reader(name: str, group: str, topic: str, statistic: str) -> Document:
    named = {"Cluster Name": {"Ref": "ClusterName"}, "Consumer Group": group, "Topic": topic}
    return {
        "Namespace": "AWS/Kafka",
        "MetricName": name,
        "Statistic": statistic,
        "Period": MINUTE_S,
        "Dimensions": _dimensions(named),
    }


def _messages(query: str, topic: str, broker: int) -> Document:
    """The records of a topic a second, by one broker's count; for expressions alone."""
    named = {"Cluster Name": {"Ref": "ClusterName"}, "Broker ID": str(broker), "Topic": topic}
    metric = {"Namespace": "AWS/Kafka", "MetricName": "MessagesInPerSec", "Dimensions": _dimensions(named)}
    return {
        "Id": query,
        "ReturnData": False,
        "MetricStat": {"Stat": "Average", "Period": MINUTE_S, "Metric": metric},
    }


def _in_any_broker(topic: str) -> list[Document]:
    """The records of a topic a second, of whatever broker leads."""
    queries = [_messages(f"b{broker}", topic, broker) for broker in range(1, BROKERS + 1)]
    total = "+".join(f"FILL(b{broker},0)" for broker in range(1, BROKERS + 1))
    return [*queries, {"Id": "all", "Expression": total, "ReturnData": True}]
