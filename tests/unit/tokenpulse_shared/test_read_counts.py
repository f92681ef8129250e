"""Commands are counted by kind of key, with their share of the time."""

from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.read_counts import TABLES, ReadCounts

KEYS = Keyspace("p:")


def test_a_batch_is_counted_by_table_and_operation() -> None:
    """Each command took an equal share of the batch's time."""
    counts = ReadCounts("p:")
    counts.note(
        [("HGETALL", KEYS.totals("openai")), ("HGETALL", KEYS.totals("openai", "m")), ("TIME",)], 0.003
    )
    counts.note([("ZRANGE", KEYS.providers(), "0", "-1")], 0.000_5)

    assert counts.counters() == {
        "queries:totals:hgetall": 2,
        "queries:server:time": 1,
        "queries:providers:zrange": 1,
        "query_us:totals": 2_000,
        "query_us:server": 1_000,
        "query_us:providers": 500,
    }


def test_scripts_count_under_their_first_key() -> None:
    """What comes before the keys of a script is no key."""
    counts = ReadCounts("p:")
    counts.note([("EVAL", "return 1", 1, KEYS.gauges()), ("EVAL", "return 1", 0)], 0.0)

    assert counts.counters() == {
        "queries:gauges:eval": 1,
        "queries:server:eval": 1,
        "query_us:gauges": 0,
        "query_us:server": 0,
    }


def test_what_is_not_known_is_other() -> None:
    """Labels are a closed set, whatever is asked."""
    counts = ReadCounts("p:")
    counts.note([("JSON.GET", "p:mine:{a}"), ("CLIENT", "SETNAME", "a"), ("info", "stats")], 0.0)

    assert [name for name in counts.counters() if name.startswith("queries:")] == [
        "queries:other:other",
        "queries:server:other",
        "queries:server:info",
    ]


def test_every_key_has_a_table() -> None:
    """A key that is added to the keyspace is told apart."""
    keys = [
        *(KEYS.totals("a"), KEYS.errors("a"), KEYS.circuit("a", "b"), KEYS.models("a"), KEYS.providers()),
        *(KEYS.gateways(), KEYS.gateway_hour("a", "b"), KEYS.gateway_models("a", "b"), KEYS.apps()),
        *(
            KEYS.http_totals("a"),
            KEYS.routes("a"),
            KEYS.writers("a"),
            KEYS.trials(),
            KEYS.gauges(),
            KEYS.version(),
        ),
        *(KEYS.sealed_minutes("a", None, "b"), KEYS.sealed_hours("a", None, "b"), KEYS.open_windows("a")),
        *(KEYS.counters("a", None, "b"), KEYS.sketch("itl", "a", None, "b"), KEYS.reader_counts()),
        *(KEYS.circuit_totals("a"), KEYS.moved_circuits("a"), KEYS.provider_health(), KEYS.health_lease()),
        *(KEYS.health_scores_current(), KEYS.health_term(), KEYS.provider_health_guard()),
    ]

    assert {key.removeprefix("p:").partition(":")[0] for key in keys} <= TABLES
