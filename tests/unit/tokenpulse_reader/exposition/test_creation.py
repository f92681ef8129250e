"""OpenMetrics tells since when a series is counted."""

from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from tests.support.exposition_facts import app, facts
from tokenpulse_reader.exposition.creation import created_of
from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.profiles import METRICS_OF, PROFILES, Profile
from tokenpulse_reader.exposition.scrape import Scrape

BY_NAME = {metric.name: metric for metrics in METRICS_OF.values() for metric in metrics}


def _began(exposition: Exposition, profile: Profile) -> dict[str, set[float]]:
    """Return family → what its series say of their beginning."""
    text = exposition.answer(Scrape("openmetrics", profile=profile)).whole().decode()
    began: dict[str, set[float]] = {}
    for family in parse_openmetrics(text):
        for sample in family.samples:
            if sample.name.endswith("_created"):
                began.setdefault(family.name, set()).add(sample.value)
    return began


@pytest.mark.parametrize("profile", PROFILES)
def test_every_counter_and_histogram_of_a_series_tells_its_beginning(profile: Profile) -> None:
    """As often as it has a sample, the beginning of what it is summed from."""
    by_family = {metric.openmetrics_name: metric.labels for metric in BY_NAME.values()}
    told = _began(Exposition(facts()), profile)

    assert len(told) >= 4
    for family, moments in told.items():
        is_http = "app_name" in by_family[family] or family.startswith("http_")
        of_series = 700.0 if by_family[family] == ("provider",) else 900.25
        assert moments == {800.5 if is_http else of_series}, family


def test_gauges_and_what_is_kept_elsewhere_tell_nothing() -> None:
    """A gauge has no beginning; breakers' counters have a hash of their own."""
    silent = (
        "health_score",
        "redis_keyspace_hits_total",
        "circuit_breaker_failures_total",
        "cache_hits_total",
    )

    assert [created_of(BY_NAME[name], facts()) for name in silent] == [None] * len(silent)


def test_text_says_nothing_of_it() -> None:
    """Format 0.0.4 has no place for it."""
    assert b"_created" not in Exposition(facts()).answer(Scrape()).whole()


def test_apps_together_began_with_the_last() -> None:
    """Of one that does not tell, nothing is known of the whole."""

    def began(*moments: float | None) -> float | None:
        apps = tuple(replace(app(), created_at=moment) for moment in moments)
        known = replace(facts(), totals=replace(facts().totals, apps=apps))
        created = created_of(BY_NAME["http_requests_total"], known)
        assert created is not None
        return created(("GET", "/", "200", "2xx"))

    assert began(5.0, 9.0, 7.0) == 9.0
    assert began(5.0, None) is None
    assert began() is None


def test_a_series_of_an_older_release_tells_nothing() -> None:
    """Its beginning was not kept."""
    known = facts()
    silent = tuple(one._replace(totals=replace(one.totals, created_at=None)) for one in known.totals.models)
    changed: Facts = replace(known, totals=replace(known.totals, models=silent))

    assert "time_to_first_chunk_seconds" not in _began(Exposition(changed), "tokenpulse")
