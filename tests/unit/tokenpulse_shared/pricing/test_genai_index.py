"""Tests of finding models by name, against genai-prices' own search."""

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseContains,
    ClauseEndsWith,
    ClauseEquals,
    ClauseOr,
    ClauseRegex,
    ClauseStartsWith,
    MatchLogic,
    ModelInfo,
)

from tokenpulse_shared.pricing.genai_index import ModelIndex


def model(name: str, match: MatchLogic) -> ModelInfo:
    """Return a model that is found by a clause."""
    return ModelInfo(id=name, match=match)


def found(index: ModelIndex, name: str) -> str | None:
    """Return the id of what is found."""
    match = index.find(name)
    return None if match is None else match.id


def test_every_kind_of_clause_is_followed() -> None:
    """Whole names, beginnings, parts, ends, patterns, and what combines them."""
    index = ModelIndex(
        [
            model("a", ClauseEquals(equals="Whole")),
            model(
                "b",
                ClauseOr(
                    or_=[ClauseStartsWith(starts_with="Be"), ClauseOr(or_=[ClauseContains(contains="-P-")])]
                ),
            ),
            model("c", ClauseAnd(and_=[ClauseEndsWith(ends_with="end"), ClauseContains(contains="x")])),
            model("d", ClauseRegex(regex="^r[0-9]$")),
        ]
    )

    assert [found(index, name) for name in ("whole", "begin", "x-p-y", "x-end", "r1")] == [
        "a",
        "b",
        "b",
        "c",
        "d",
    ]
    assert [found(index, name) for name in ("whole-", "a-b", "end", "r10", "")] == [None] * 5


def test_the_first_model_that_matches_is_found() -> None:
    """The order of the table decides between a whole name and a part of it."""
    index = ModelIndex(
        [
            model("first", ClauseEquals(equals="m-1")),
            model("parts", ClauseStartsWith(starts_with="m-")),
            model("late", ClauseOr(or_=[ClauseEquals(equals="m-1"), ClauseEquals(equals="m-2")])),
        ]
    )

    assert [found(index, name) for name in ("m-1", "m-2", "m-3")] == ["first", "parts", "parts"]


def test_every_model_is_found_as_genai_prices_finds_it() -> None:
    """Ids of the installed data, some of them varied, give the same model in every provider."""
    providers = get_snapshot().providers
    ids = sorted({each.id.lower() for provider in providers for each in provider.models})
    some = ids[::3]
    names = [*some, *(f"{name}-2025-01-31" for name in some[::5]), *(f"us.{name}-v1:0" for name in some[::5])]
    for provider in providers:
        index = ModelIndex(provider.models)
        for name in names if len(provider.models) < 200 else names[::7]:
            expected = next((each for each in provider.models if each.is_match(name)), None)

            assert index.find(name) is expected, (provider.id, name)
