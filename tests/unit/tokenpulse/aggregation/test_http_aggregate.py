"""Tests of the counts of plain HTTP."""

from tokenpulse.aggregation.http_aggregate import MAX_EXCEPTION_TYPES, HttpAggregator
from tokenpulse.route_template import UNMATCHED
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.totals.totals import http_labels


def _exchange(
    route: str = "/a", *, status: int | None = 200, seconds: float = 0.03, exception: str | None = None
) -> HttpExchange:
    return HttpExchange("GET", route, status, seconds, 100, 1_001, exception)


def _taken(aggregator: HttpAggregator) -> dict[tuple[str | int, ...] | None, int]:
    return {http_labels(field): count for field, count in aggregator.take().items()}


def test_folds_durations_sizes_and_exceptions() -> None:
    """An exchange counts once by status, once by each size, and its exception by class."""
    aggregator = HttpAggregator(max_routes=5)
    aggregator.fold(_exchange())
    aggregator.fold(_exchange())
    aggregator.fold(_exchange(status=None, seconds=61.0, exception="ValueError"))

    assert aggregator.has_waiting()
    assert _taken(aggregator) == {
        ("requests", "GET", "/a", 200): 2,
        ("duration_us", "GET", "/a", 200): 60_000,
        ("duration", "GET", "/a", 200, "0.05"): 2,
        ("requests", "GET", "/a", 500): 1,
        ("duration_us", "GET", "/a", 500): 61_000_000,
        ("duration", "GET", "/a", 500, "+Inf"): 1,
        ("request_bytes", "GET", "/a"): 300,
        ("response_bytes", "GET", "/a"): 3_003,
        ("request_size", "GET", "/a", "100"): 3,
        ("response_size", "GET", "/a", "10000"): 3,
        ("exceptions", "ValueError"): 1,
    }
    assert not aggregator.has_waiting()
    assert aggregator.take() == {}


def test_routes_are_bounded_and_their_overflow_counted() -> None:
    """Past the bound new routes count as `__other__`, each exchange counted as overflow; known ones go on."""
    aggregator = HttpAggregator(max_routes=2)
    for route in ("/a", "/b", "/c", "/d", "/a"):
        aggregator.fold(_exchange(route))
    requests = {
        labels[2]: n for labels, n in _taken(aggregator).items() if labels and labels[0] == "requests"
    }

    assert requests == {"/a": 2, "/b": 1, OTHER: 2}
    assert aggregator.take_overflow() == 2
    assert aggregator.take_overflow() == 0


def test_exception_classes_are_bounded() -> None:
    """Past the bound new classes count as `__other__`; a known one goes on."""
    aggregator = HttpAggregator(max_routes=2)
    for number in range(MAX_EXCEPTION_TYPES + 3):
        aggregator.fold(_exchange(exception=f"Error{number}"))
    aggregator.fold(_exchange(exception="Error0"))
    exceptions = {
        labels[1]: n for labels, n in _taken(aggregator).items() if labels and labels[0] == "exceptions"
    }

    assert len(exceptions) == MAX_EXCEPTION_TYPES + 1
    assert (exceptions["Error0"], exceptions[OTHER]) == (2, 3)


def test_unknown_size_counts_in_no_bucket() -> None:
    """A response whose size is not known counts as a request, in no size."""
    aggregator = HttpAggregator(max_routes=5)
    aggregator.fold(HttpExchange("GET", "/a", 200, 0.03, 0, None, None))
    aggregator.fold(HttpExchange("GET", "/a", 200, 0.03, 0, 7, None))
    taken = _taken(aggregator)

    assert taken["requests", "GET", "/a", 200] == 2
    assert taken["response_bytes", "GET", "/a"] == 7
    assert {key: count for key, count in taken.items() if key and key[0] == "response_size"} == {
        ("response_size", "GET", "/a", "100"): 1
    }


def test_names_that_no_json_can_hold_are_made_safe() -> None:
    """An app's own routes and exception classes are its business; what they are called must not spoil a batch."""
    aggregator = HttpAggregator(max_routes=5)
    aggregator.fold(_exchange("/\ud800", exception="E\udfff\n"))
    taken = _taken(aggregator)

    assert taken["requests", "GET", "/\ufffd", 200] == 1
    assert taken["exceptions", "E\ufffd\ufffd"] == 1


def test_what_no_route_served_takes_no_place() -> None:
    """`__unmatched__` is always there, beside as many routes as there may be."""
    aggregator = HttpAggregator(max_routes=1)
    for route in ("/a", UNMATCHED, "/b", UNMATCHED):
        aggregator.fold(_exchange(route))

    assert aggregator.routes() == {"/a", UNMATCHED, OTHER}
    assert _taken(aggregator)["requests", "GET", UNMATCHED, 200] == 2


def test_refused_routes_are_lumped_together() -> None:
    """All that was counted of them counts under one name: the same as if they had been it from the start."""
    lumped, expected = HttpAggregator(max_routes=9), HttpAggregator(max_routes=9)
    for number, route in enumerate(("/a", "/b", "/c", "/b")):
        for method in ("GET", "PUT"):
            lumped.fold(HttpExchange(method, route, 200, number / 10, number * 100, number * 1_000, None))
            named = route if route == "/a" else OTHER
            expected.fold(HttpExchange(method, named, 200, number / 10, number * 100, number * 1_000, None))
    delta = lumped.detach()

    assert delta.lump({"/b", "/c", "/absent"}) == 6
    assert delta.fields() == expected.take()
    assert delta.lump({"/b"}) == 0
