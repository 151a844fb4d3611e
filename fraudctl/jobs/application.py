"""The live job as a cluster of its own runs it: application mode on Kubernetes, a managed service.

Nobody hands it over there, so nothing is said of addresses, jars, checkpoints and where it restores from:
that is the cluster's own to say, and so is how parallel the job is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fraudctl.home import signing
from fraudctl.jobs.submission import LIVE, plan_settings, ruleset_content, schema_registry
from fraudctl.kafka import frames
from pipeline.rules import ruleset
from pipeline.rules.feature import in_order
from pipeline.scoring.job_config import JobConfig, JobTopics
from pipeline.scoring.signature import Trust
from pipeline.settings.document import Content

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


def application(
    profile: Profile,
    bootstrap: str,
    run: int,
    kafka_properties: Mapping[str, str],
    hops: Sequence[str] = (),
    trust: Trust | None = None,
) -> JobConfig:
    """The configuration of a profile's live job, which follows the activations on the topic of rules.

    `run` is a number that no earlier start without state had. `hops` are keys by which it has steps beside
    those of the profile's rule set, for rules that shall come into force later. `trust` says whose records on
    that topic count (`RulesTopic.trust` of a home); without it those of the profile's `signing`. BadKey where
    that names nobody.
    """
    names = profile.topics
    content = ruleset_content(profile.rules)
    return JobConfig(
        name=LIVE,
        bootstrap=bootstrap,
        topics=JobTopics(names.transactions, names.decisions, names.refusals, names.rules, names.shadow),
        ruleset=content,
        run=run,
        max_message_bytes=profile.max_message_bytes,
        settings=plan_settings(profile),
        idle_after_ms=profile.pipeline.idle_after_ms,
        hops=steps_of(content, hops),
        trust=trust or signing.trusted_by(profile),
        kafka_properties=kafka_properties,
        schema_registry=schema_registry(profile),
        decision_form=frames.decision_form(profile),
        hot_keys=profile.pipeline.hot_keys,
    )


def steps_of(content: Content, hops: Sequence[str] = ()) -> tuple[str, ...]:
    """The keys by which a job has steps that begins with that rule set, with these for later ones."""
    return in_order([*(feature.by for feature in ruleset.recorded(content).features.values()), *hops])
