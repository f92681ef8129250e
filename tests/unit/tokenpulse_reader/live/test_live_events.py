"""Tests of the events of `/api/live` as text."""

import json

import pytest

from tests.support.live_snapshots import live_snapshot
from tokenpulse_reader.live.live_events import (
    MAX_BREAKERS,
    seen_version,
    snapshot_content,
    stale_event,
    whole_event,
)
from tokenpulse_reader.snapshots.served import Served
from tokenpulse_shared.circuits.circuits_reader import CircuitStatus


def test_a_snapshot_as_an_event() -> None:
    """One line of JSON with what a page shows: totals without hours, breakers by state."""
    open_circuit = CircuitStatus(provider="openai", model="gpt-4o", state="OPEN")
    closed = CircuitStatus(provider="openai", model="o3")
    snapshot = live_snapshot(7, 3, [open_circuit, closed])
    event = whole_event("0123abcd", 7, snapshot.computed_at, snapshot_content(snapshot))
    lines = event.decode().split("\n")
    data = json.loads(lines[2].removeprefix("data: "))

    assert lines[:2] == ["event: snapshot", "id: 0123abcd-7"]
    assert lines[3:] == ["", ""]
    assert (data["version"], data["stale"]) == (7, False)
    assert data["computed_at"].startswith("1970-01-01T00:16:47")
    assert data["health"] == []
    assert data["realtime"] == {
        "total_requests": 3,
        "coverage": 0.5,
        "providers": {"openai": {"total_requests": 3}},
    }
    assert data["breakers"]["by_state"] == {"OPEN": 1, "CLOSED": 1}
    assert [each["model"] for each in data["breakers"]["not_closed"]] == ["gpt-4o"]
    assert data["breakers"]["omitted"] == 0


def test_breakers_are_bounded() -> None:
    """However many are open, an event tells a bounded number of them, and how many it leaves out."""
    circuits = [
        CircuitStatus(provider="p", model=f"m{at}", state="HALF_OPEN") for at in range(MAX_BREAKERS + 5)
    ]
    breakers = snapshot_content(live_snapshot(1, 0, circuits))["breakers"]

    assert (len(breakers["not_closed"]), breakers["omitted"]) == (MAX_BREAKERS, 5)
    assert breakers["by_state"] == {"HALF_OPEN": MAX_BREAKERS + 5}


def test_names_cannot_break_out_of_an_event() -> None:
    """Line ends in a name are escaped by JSON, so they end no line."""
    circuit = CircuitStatus(provider="p", model="m\n\nevent: evil\ndata: \r", state="OPEN")
    event = whole_event("0123abcd", 1, 1.0, snapshot_content(live_snapshot(1, 0, [circuit])))

    assert event.count(b"\n") == 4
    assert b"\r" not in event


def test_a_stale_event_tells_the_age_without_an_id() -> None:
    """So a client that resumes still names what it had."""
    served = Served(live_snapshot(7, 3), 1007.0, 12.3456)
    name, data, *rest = stale_event(served).decode().split("\n")

    assert name == "event: stale"
    assert json.loads(data.removeprefix("data: ")) == {
        "version": 7,
        "computed_at": "1970-01-01T00:16:47.000+00:00",
        "stale": True,
        "age_seconds": 12.346,
    }
    assert rest == ["", ""]


@pytest.mark.parametrize(
    ("given", "version"),
    [
        ("0123abcd-7", 7),
        (None, None),
        ("", None),
        ("7", None),
        ("ffffffff-7", None),
        ("0123abcd-", None),
        ("0123abcd--7", None),
        ("0123abcd-7 ", None),
        ("0123abcd-1e9", None),
        ("0123abcd-" + "9" * 40, None),
        ("0123abcd-\u0667", None),
    ],
)
def test_what_a_client_has_seen(given: str | None, version: int | None) -> None:
    """Only an id of this epoch tells something."""
    assert seen_version(given, "0123abcd") == version
