"""A hash of totals is read whole, and nothing is read into it."""

import pytest

from tokenpulse_shared import histogram
from tokenpulse_shared.totals.totals_decoding import SeriesDecoder, bucket_place, clean_member
from tokenpulse_shared.totals.totals_records import HistogramTotals, SeriesTotals


def _decode(fields: dict[str, str]) -> tuple[SeriesTotals, int]:
    decoder = SeriesDecoder()
    totals = decoder.decode({name.encode(): value.encode() for name, value in fields.items()})
    return totals, decoder.unreadable


def _placed(bounds: tuple[float, ...], counts: dict[float, int]) -> list[int]:
    return [counts.get(bound, 0) for bound in (*bounds, float("inf"))]


def test_every_kind_of_field() -> None:
    """Counters, histograms with their sums, endpoints, finish reasons, error types; guards are passed over."""
    totals, unreadable = _decode(
        {
            "total_requests": "4",
            "total_cost": "3000",
            "latency_success:2.5": "3",
            "latency_success:+Inf": "1",
            "latency_success_us": "9000000",
            "ttft:0.1": "2",
            "ttft_us": "150000",
            "tpot:0.025": "2",
            "tpot_us": "40000",
            "ttfb_us": "900000",
            "itl_us": "31000",
            "itl_count": "12",
            "cost:1e-05": "3",
            "cost_per_1k:0.01": "3",
            "cost_per_1k_nano": "27",
            "ttfb:0.5:/v1/chat/completions": "3",
            "ttfb_us:/v1/chat/completions": "900000",
            "streaming:+Inf:/a:b": "1",
            "streaming_us:/a:b": "61000000",
            "finish:stop": "3",
            "error:a:b": "2",
            "error:timeout": "1",
            "writer:abc": "12:1700000000",
        }
    )

    assert totals == SeriesTotals(
        counters={
            "total_requests": 4,
            "total_cost": 3000,
            "latency_success_us": 9_000_000,
            "ttft_us": 150_000,
            "tpot_us": 40_000,
            "ttfb_us": 900_000,
            "itl_us": 31_000,
            "itl_count": 12,
            "cost_per_1k_nano": 27,
        },
        histograms={
            "latency_success": HistogramTotals(
                _placed(histogram.LATENCY, {2.5: 3, float("inf"): 1}), 9_000_000
            ),
            "ttft": HistogramTotals(_placed(histogram.TTFT, {0.1: 2}), 150_000),
            "tpot": HistogramTotals(_placed(histogram.TPOT, {0.025: 2}), 40_000),
            "cost": HistogramTotals(_placed(histogram.COST, {1e-5: 3}), 3000),
            "cost_per_1k": HistogramTotals(_placed(histogram.COST, {0.01: 3}), 27),
        },
        endpoints={
            ("ttfb", "/v1/chat/completions"): HistogramTotals(_placed(histogram.ENDPOINT, {0.5: 3}), 900_000),
            ("streaming", "/a:b"): HistogramTotals(
                _placed(histogram.ENDPOINT, {float("inf"): 1}), 61_000_000
            ),
        },
        finish_reasons={"stop": 3},
        error_types={"a:b": 2, "timeout": 1},
    )
    assert unreadable == 0


def test_what_is_no_whole_number_is_left_out_and_counted() -> None:
    """One bad field takes nothing else along."""
    totals, unreadable = _decode(
        {
            "total_requests": "many",
            "tokens_input": "7",
            "ttft:0.1": "1.5",
            "ttft:soon": "1",
            "ttft:nan": "1",
            "ttfb:x:/v1": "1",
            "finish:stop": "",
            "error:timeout": "one",
            "unheard_of": "5",
        }
    )

    assert totals.counters == {"tokens_input": 7}
    assert totals.endpoints == {}
    assert (totals.finish_reasons, totals.error_types) == ({}, {})
    assert unreadable == 7


def test_a_boundary_of_another_version_counts_in_the_bucket_that_holds_it() -> None:
    """Exposed boundaries stay exact when a newer writer's are finer."""
    totals, unreadable = _decode({"ttft:0.1": "1", "ttft:0.15": "2", "ttft:9999": "3"})

    assert totals.histograms["ttft"].counts == _placed(histogram.TTFT, {0.1: 1, 0.25: 2, float("inf"): 3})
    assert unreadable == 0


def test_unprintable_names_add_up() -> None:
    """Two names that become one label are one series."""
    totals, _ = _decode(
        {
            "ttfb:0.5:a\x01": "1",
            "ttfb:0.5:a\x02": "2",
            "ttfb_us:a\x01": "10",
            "ttfb_us:a\x02": "20",
            "error:a\x01": "3",
            "error:a\x02": "4",
        }
    )

    assert totals.endpoints == {
        ("ttfb", "a\ufffd"): HistogramTotals(_placed(histogram.ENDPOINT, {0.5: 3}), 30)
    }
    assert totals.error_types == {"a\ufffd": 7}


def test_bytes_that_are_no_text_are_left_out() -> None:
    """A field that no writer writes."""
    decoder = SeriesDecoder()

    assert decoder.decode({b"finish:\xff": b"1"}).finish_reasons == {}
    assert decoder.unreadable == 1


@pytest.mark.parametrize(("label", "index"), [("0.5", 1), ("0.7", 2), ("+Inf", 3), ("-1", 0)])
def test_bucket_place(label: str, index: int) -> None:
    """The first of our buckets that holds all values of theirs."""
    assert bucket_place((0.1, 0.5, 1.0), label) == index


@pytest.mark.parametrize("member", [b"\xff", b"a\nb", "a\u202eb".encode()])
def test_names_no_writer_writes_are_refused(member: bytes) -> None:
    """They could become the label of another name."""
    with pytest.raises(ValueError):
        clean_member(member)


def test_names_are_taken_as_they_are() -> None:
    """Slashes, colons, braces, any script."""
    assert clean_member("zhipu/模型:{8b}".encode()) == "zhipu/模型:{8b}"


def test_adding_histograms() -> None:
    """Counts by bucket, sums."""
    added = HistogramTotals([1, 2], 3).plus(HistogramTotals([10, 20], 30))

    assert added == HistogramTotals([11, 22], 33)
    assert added.value_count == 33
