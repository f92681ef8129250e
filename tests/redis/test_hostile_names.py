"""Tests of names that hold anything at all, on their way from a request to a scraper."""

import shutil
import subprocess
from collections.abc import Callable
from itertools import product
from typing import Final
from urllib.parse import quote

import pytest
import redis
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from redis.crc import key_slot

from tests.support.reader_client import reader_client
from tests.support.written import KEYS, model_names, total
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.keyspace import encode_name
from tokenpulse_shared.names import OTHER, clean_name
from tokenpulse_shared.records import Observation

MakeRecorder = Callable[..., Recorder]

NASTY: Final = (
    "a:b", "a", "a}", "{a}", "{}", "a%", "a%3Ab", "%", "*", "[a]*?", "a\n", "a\r\n# HELP x", "a ", " ", "a\0b", "\0",
    'a"b\\c', "\\", "\ud800", "\udfffx", "\u2028", "\u202egpt", "\ufeff", "\x7f", "\x85", "__other__", "__name__",
    "gpt-4o", "gрt-4o", "gpt‐4o", "gpt-4o\u200b", "ü", "ü", "𝔊𝔓𝔗", "2026-11-21:01", "+Inf", "NaN", "0", "le", "writer:x",
    "m" * 201, "m" * 202, "{" * 1_000_000, "{" * 999_999 + "x", "é" * 300, "null", "'; DROP TABLE", "=1+1", "<script>",
)  # fmt: skip


def _record(recorder: Recorder) -> dict[tuple[str, str], int]:
    """Record each pair of names so often as its number says, and the same words wherever else one may stand.

    Returns requests by the names they must be found under.
    """
    expected: dict[tuple[str, str], int] = {}
    for number, (provider, model) in enumerate(product(NASTY, NASTY[::9]), start=1):
        times = number % 5 + 1
        for _ in range(times):
            recorder.record(provider=provider, model=model, latency_ms=100, gateway=model)
        key = clean_name(provider), clean_name(model)
        if provider == OTHER:
            key = OTHER, OTHER  # the rest is one series
        expected[key] = expected.get(key, 0) + times
    for word in NASTY:
        recorder.observe(
            Observation(
                "p",
                "m",
                outcome="provider_error",
                error_type=clean_name(word),
                finish_reason=clean_name(word),
                provider_vouched=True,
                names_vouched=True,
            )
        )
        recorder.count_http(HttpExchange("GET", word, 200, 0.1, 1, 1, word))
    return expected


async def _exposition(url: str, accept: str) -> str:
    async with reader_client(url, headers={"accept": accept}) as reader:
        answer = await reader.get("/metrics")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def expected(make_recorder: MakeRecorder) -> dict[tuple[str, str], int]:
    """Give what was recorded and flushed; the caps leave room for all of it."""
    recorder = make_recorder(max_providers=500, max_routes=500)
    recorded = _record(recorder)
    assert recorder.flush()
    assert [name for name in recorder.stats()["counts"] if name.startswith(("error:", "rejected"))] == []
    return recorded


def test_names_never_share_a_series(expected: dict[tuple[str, str], int], redis_client: redis.Redis) -> None:
    """Every clean pair has its own count, in Redis, under keys that stay in the provider's slot."""
    providers = {name.decode() for name in redis_client.zrange(KEYS.providers(), 0, -1)} - {"p"}
    found = {(p, m): total(redis_client, p, m) for p in providers for m in model_names(redis_client, p)}

    assert found == expected
    assert len({provider for provider, _ in expected}) >= len(NASTY) - 8  # some are clean alike
    for provider, model in expected:
        slot = key_slot(encode_name(provider).encode())
        assert key_slot(KEYS.totals(provider, model).encode()) == slot


async def test_the_exposition_holds_them_all(expected: dict[tuple[str, str], int], redis_url: str) -> None:
    """Both formats parse, and tell each pair's requests under labels that are the clean names."""
    for accept, parse in (
        ("text/plain", parse_text),
        ("application/openmetrics-text;version=1.0.0", parse_openmetrics),
    ):
        text = await _exposition(redis_url, accept)
        found: dict[tuple[str, str], int] = {}
        for family in parse(text):
            for sample in family.samples:
                if sample.name == "model_inference_requests_total" and sample.labels["provider"] != "p":
                    key = sample.labels["provider"], sample.labels["model"]
                    found[key] = found.get(key, 0) + int(sample.value)

        assert found == expected


async def test_promtool_takes_the_exposition(expected: dict[tuple[str, str], int], redis_url: str) -> None:
    """Prometheus's own checker finds nothing that it cannot read."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    text = await _exposition(redis_url, "text/plain")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False, timeout=60
    )

    assert expected
    assert b"error while linting" not in checked.stderr
    assert b"parsing" not in checked.stderr, checked.stderr[:500]


async def test_a_reader_finds_them_by_the_names_that_callers_use(
    expected: dict[tuple[str, str], int], redis_url: str
) -> None:
    """A path with the whole long name, or the one that is kept, leads to the same series."""
    long = "m" * 202
    async with reader_client(redis_url) as reader:
        answers = [
            await reader.get(f"/api/monitoring/latency/{quote(name, safe='')}/{quote(NASTY[0], safe='')}")
            for name in (long, clean_name(long))
        ]

    assert expected
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["provider"] for answer in answers] == [clean_name(long)] * 2
    assert answers[0].json()["count"] == answers[1].json()["count"] == expected[clean_name(long), NASTY[0]]
