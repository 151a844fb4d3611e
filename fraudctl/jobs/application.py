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
from pipeline.rules.feature import KEYS
from pipeline.scoring.job_config import JobConfig, JobTopics
from pipeline.scoring.signature import Trust

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
    needed = {feature.by for feature in ruleset.parse(content).features.values()}
    return JobConfig(
        name=LIVE,
        bootstrap=bootstrap,
        topics=JobTopics(names.transactions, names.decisions, names.refusals, names.rules, names.shadow),
        ruleset=content,
        run=run,
        max_message_bytes=profile.max_message_bytes,
        settings=plan_settings(profile),
        idle_after_ms=profile.pipeline.idle_after_ms,
        hops=tuple(key for key in KEYS if key in needed or key in hops),
        trust=trust or signing.trusted_by(profile),
        kafka_properties=kafka_properties,
        schema_registry=schema_registry(profile),
        decision_form=frames.decision_form(profile),
        hot_keys=profile.pipeline.hot_keys,
    )
