"""What is known of trials, as the reader holds it: decoded from a day's counters, pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

TrialEvent = Literal["signup", "started", "converted", "expired"]
TRIAL_EVENTS: Final[tuple[TrialEvent, ...]] = get_args(TrialEvent)
MAX_PLAN_CHARACTERS: Final = 64

TRIAL_STATES: Final[dict[TrialEvent, str]] = {
    "signup": "signed_up",
    "started": "active",
    "converted": "converted",
    "expired": "expired",
}
"""Where a user stands whose furthest event is this one; `converted` is further than `expired`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPeriod:
    """Hold what happened to trials on the days from `first_day` on (stamps `YYYY-MM-DD`, UTC).

    `events`: users by event, each user once for each event. `plans`: the same by plan, of the users whose plan was
    told. `activated`: users that signed up in the period and started, whenever; `converted_later`: users that started
    in it and converted, whenever. `conversion_seconds`: from start to conversion, summed over the `conversions_timed`
    whose start is known. `days_with_data`: their stamps, oldest first. `states`: users by where they stand now.
    """

    first_day: str
    events: Mapping[str, int]
    plans: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    activated: int = 0
    converted_later: int = 0
    conversions_timed: int = 0
    conversion_seconds: int = 0
    days_with_data: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)
    corrupt_keys: int = 0


def decode_day(fields: Mapping[bytes, bytes]) -> dict[str, int]:
    """Return a day's counters by field name.

    Raises:
        ValueError: a field holds something else.
    """
    return {name.decode("utf-8", "replace"): int(count) for name, count in fields.items()}


def compute_period(
    first_day: str,
    days: Sequence[tuple[str, Mapping[str, int]]],
    states: Mapping[str, int],
    corrupt_keys: int = 0,
) -> TrialPeriod:
    """Return the sum of the days; `days`: (stamp, counters), oldest first, an empty one without data."""
    whole: dict[str, int] = {}
    for _, counters in days:
        for name, count in counters.items():
            whole[name] = whole.get(name, 0) + count
    plans: dict[str, dict[str, int]] = {}
    for name, count in whole.items():
        event, separator, plan = name.partition(":")
        if separator:
            plans.setdefault(plan, dict.fromkeys(TRIAL_EVENTS, 0))[event] = count
    return TrialPeriod(
        first_day=first_day,
        events={event: whole.get(event, 0) for event in TRIAL_EVENTS},
        plans={plan: plans[plan] for plan in sorted(plans)},
        activated=whole.get("activated", 0),
        converted_later=whole.get("converted_later", 0),
        conversions_timed=whole.get("conversions_timed", 0),
        conversion_seconds=whole.get("conversion_seconds", 0),
        days_with_data=tuple(stamp for stamp, counters in days if counters),
        states=states,
        corrupt_keys=corrupt_keys,
    )
