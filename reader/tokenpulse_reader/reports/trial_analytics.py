"""Trials as the JSON of `/api/monitoring/trial-analytics`, pure. Rates are 0–100."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.units import iso, percent
from tokenpulse_shared.keyspace import parse_stamp
from tokenpulse_shared.trial_records import TrialPeriod

_DAY_SECONDS: Final = 86400


def trial_analytics_json(period: TrialPeriod, days: int, now: float) -> dict[str, Any]:
    """Return what happened to trials in the period; `active` is as of now.

    `conversion_rate` is `converted` of `started_trial`, `activation_rate` is `started_trial` of `signups`, as they
    stand beside: events of the period, None when it has no data, so that a trial that began before it may lift a rate
    above 100. The cohort's rates follow users: of those who started (signed up) in the period, how many have converted
    (started) so far, 0–100.
    Worked: 10 signups, 8 of them started, 2 of these converted: activation 80, conversion 25.
    """
    events: Mapping[str, int] = period.events
    known: Mapping[str, int] = events if period.days_with_data else {}
    average_seconds = (
        period.conversion_seconds / period.conversions_timed if period.conversions_timed else None
    )
    return {
        "timestamp": iso(now),
        "days": days,
        "start_date": period.first_day,
        "end_date": datetime.fromtimestamp(now, UTC).date().isoformat(),
        "signups": known.get("signup"),
        "started_trial": known.get("started"),
        "converted": known.get("converted"),
        "expired": known.get("expired"),
        "active": period.states.get("active"),
        "conversion_rate": percent(events["converted"], events["started"]),
        "activation_rate": percent(events["started"], events["signup"]),
        "cohort_conversion_rate": percent(period.converted_later, events["started"]),
        "cohort_activation_rate": percent(period.activated, events["signup"]),
        "avg_time_to_conversion_days": (
            None if average_seconds is None else round(average_seconds / _DAY_SECONDS, 4)
        ),
        "by_plan": {
            plan: {
                "signups": counts["signup"],
                "started_trial": counts["started"],
                "converted": counts["converted"],
                "expired": counts["expired"],
            }
            for plan, counts in period.plans.items()
        },
        **basis(_coverage(period, now), period.corrupt_keys),
    }


def _coverage(period: TrialPeriod, now: float) -> float:
    """Return the part of the period since its first day with data, 0–1."""
    if not period.days_with_data:
        return 0.0
    begin, first = (parse_stamp(day)[1] for day in (period.first_day, period.days_with_data[0]))
    return (now - first) / (now - begin) if now > begin else 1.0
