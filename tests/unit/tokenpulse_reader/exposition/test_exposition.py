"""One exposition answers every scrape of a snapshot."""

import gzip

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tests.support.exposition_facts import facts
from tokenpulse_reader.exposition.exposition import MAX_ANSWERS, Exposition
from tokenpulse_reader.exposition.metric import CATEGORIES
from tokenpulse_reader.exposition.profiles import METRICS_OF, PROFILES, Profile
from tokenpulse_reader.exposition.scrape import Scrape, families_named
from tokenpulse_reader.exposition.table import METRICS


def _samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("profile", PROFILES)
def test_both_formats_parse_and_hold_the_same_samples(profile: Profile) -> None:
    """The official parsers read both, families in the table's order."""
    exposition = Exposition(facts())
    text = exposition.answer(Scrape("text", profile=profile)).whole().decode()
    openmetrics = exposition.answer(Scrape("openmetrics", profile=profile)).whole().decode()
    metrics = METRICS_OF[profile]

    assert [family.name for family in parse_openmetrics(openmetrics)] == [
        metric.openmetrics_name for metric in metrics
    ]
    assert [
        (sample.name, sample.labels, sample.value) for family in parse_text(text) for sample in family.samples
    ] == [
        (sample.name, sample.labels, sample.value)
        for family in parse_openmetrics(openmetrics)
        for sample in family.samples
        if not sample.name.endswith("_created")
    ]
    assert openmetrics.endswith("# EOF\n")
    assert text.count("# TYPE ") == len(metrics)


def test_one_family_is_answered_whole() -> None:
    """The text, to the letter."""
    exposition = Exposition(facts())
    families = families_named(["tokens_used_total"])

    assert exposition.answer(Scrape(families=families)).whole() == (
        b"# HELP tokens_used_total Tokens whose number is known; input includes cached, output includes "
        b"reasoning. A type that was never counted is absent.\n"
        b"# TYPE tokens_used_total counter\n"
        b'tokens_used_total{provider="openai",model="openai/gpt-4o",token_type="input"} 100\n'
        b'tokens_used_total{provider="openai",model="openai/gpt-4o",token_type="output"} 50\n'
    )


def test_categories_share_out_all_families() -> None:
    """Each family is in one category."""
    exposition = Exposition(facts())
    whole = exposition.answer(Scrape()).whole().decode()
    parts = [exposition.answer(Scrape(category=category)).whole().decode() for category in CATEGORIES]

    assert all(parts)
    assert sorted("".join(parts).splitlines()) == sorted(whole.splitlines())


def test_names_ask_for_families_by_family_or_sample() -> None:
    """A histogram's parts stand for all of it; an unknown name for nothing."""
    assert families_named(["health_score"]) == {"health_score"}
    assert families_named(["backend_ttfb_seconds_sum"]) == {"backend_ttfb_seconds"}
    assert families_named(["backend_ttfb_seconds_bucket", "nope", "tokens_used"]) == {
        "backend_ttfb_seconds",
        "tokens_used_total",
    }
    assert families_named(["nope"]) == frozenset()


def test_unknown_names_give_a_valid_empty_answer() -> None:
    """Nothing is not everything."""
    exposition = Exposition(facts())

    assert exposition.answer(Scrape("text", families=frozenset())).whole() == b""
    assert exposition.answer(Scrape("openmetrics", families=frozenset())).whole() == b"# EOF\n"


def test_compressed_is_the_same_text() -> None:
    """Nothing but the encoding differs."""
    exposition = Exposition(facts())
    compressed = exposition.answer(Scrape(is_compressed=True)).whole()

    assert gzip.decompress(compressed) == exposition.answer(Scrape()).whole()
    assert len(compressed) < len(exposition.answer(Scrape()).whole()) / 5


def test_answers_are_kept_within_bounds() -> None:
    """The second scrape costs nothing; filters cannot fill the memory."""
    exposition = Exposition(facts())
    first = exposition.answer(Scrape())
    assert exposition.kept(Scrape()) is first
    assert exposition.kept(Scrape("openmetrics")) is None
    asked = [Scrape(families=frozenset((metric.name,))) for metric in METRICS]
    for scrape in asked:
        exposition.answer(scrape)

    assert [exposition.kept(scrape) is not None for scrape in asked] == [
        place >= len(asked) - MAX_ANSWERS for place in range(len(asked))
    ]
    assert exposition.kept(Scrape()) is None


def test_aged_changes_only_what_tells_the_age() -> None:
    """While Redis is away the numbers stay."""
    before = Exposition(facts())
    after = before.aged(12.3456, is_redis_up=False)
    old, new = (_samples(each.answer(Scrape()).whole().decode()) for each in (before, after))

    assert [(mine, other) for mine, other in zip(old, new, strict=True) if mine != other] == [
        ("redis_up 1", "redis_up 0"),
        ("tokenpulse_snapshot_age_seconds 0.0", "tokenpulse_snapshot_age_seconds 12.346"),
    ]
