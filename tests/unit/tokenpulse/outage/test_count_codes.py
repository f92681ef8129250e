"""Tests of the numbers that counters, buckets and fields go by."""

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.outage.count_codes import (
    FIELDS,
    FIRST_BUCKET,
    FieldCodes,
    add_coarsely,
    counts_of,
    sketch_codes,
    sketch_of,
)
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.records import InterTokenLatency, Observation
from tokenpulse_shared.sketch import ZERO, bucket_index, rescaled


def test_everything_a_request_counts_has_a_code_of_its_own() -> None:
    """Counters, buckets of each sketch, fields that only totals have: all can be told again."""
    delta, codes = SeriesDelta(), FieldCodes()
    observation = Observation(
        "p", "m", outcome="success", finish_reason="stop", latency_seconds=2.0, ttft_seconds=0.0,
        tpot_seconds=0.01, itl=InterTokenLatency(0.3, 7, ((-200, 3), (40, 4))), tokens_input=11,
    )  # fmt: skip
    delta.fold(observation, Words())
    counts = counts_of(delta, codes)
    counters = {WINDOW_COUNTERS[code]: count for code, count in counts.items() if 0 <= code < FIRST_BUCKET}
    buckets = {
        sketch_of(code): count for code, count in counts.items() if code < 0 or FIRST_BUCKET <= code < FIELDS
    }
    fields = {codes.names[code]: count for code, count in counts.items() if code >= FIELDS}

    assert counters["total_requests"] == counters["successful_requests"] == 1
    assert (counters["tokens_input"], counters["itl_us"], counters["itl_count"]) == (11, 300_000, 7)
    place = SKETCHED.index
    assert buckets == {
        (place("latency"), bucket_index(2.0)): 1,
        (place("ttft"), ZERO): 1,
        (place("tpot"), bucket_index(0.01)): 1,
        (place("itl"), -200): 3,
        (place("itl"), 40): 4,
    }
    assert fields["finish:stop"] == 1
    assert fields["latency_success_us"] == 2_000_000


def test_codes_of_sketches_do_not_overlap() -> None:
    """Each sketch has its own codes, the bucket for zero among them; each says whose it is."""
    owners = [code for place in range(len(SKETCHED)) for code in sketch_codes(place)]

    assert len(owners) == len(set(owners))
    assert all(sketch_of(code)[0] == place for place in range(len(SKETCHED)) for code in sketch_codes(place))


def test_coarsening_is_that_of_sketches() -> None:
    """Buckets halve their number as `rescaled` has it, zeros and counters stay."""
    buckets = {-639: 1, -638: 2, -1: 3, 0: 4, 1: 5, 704: 6, ZERO: 7}
    for place in range(len(SKETCHED)):
        low = min(code for code in sketch_codes(place) if code >= 0)
        base = low - sketch_of(low)[1]
        merged = {5: 1}
        add_coarsely(merged, {5: 2, **{base + index: count for index, count in buckets.items()}})
        coarse = {sketch_of(code)[1]: count for code, count in merged.items() if code != 5}

        assert merged[5] == 3
        assert coarse == rescaled(buckets, 5, 4)
