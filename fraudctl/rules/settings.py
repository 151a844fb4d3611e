"""What a plan takes from a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.rules.plan import PlanSettings

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


def plan_settings(profile: Profile) -> PlanSettings:
    """The settings of the pipeline that a rule set is compiled with."""
    settings = profile.pipeline
    return PlanSettings(
        settings.out_of_orderness_ms, settings.dedup_window_ms, settings.max_entries, settings.max_event_bytes
    )
