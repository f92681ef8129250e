"""Tests of what one series gathers between two flushes."""

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.known_words import MAX_ERROR_TYPES, MAX_FINISH_REASONS, Words
from tokenpulse_shared import histogram
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.exemplar import Exemplar
from tokenpulse_shared.records import OUTCOMES, InterTokenLatency, Observation, Outcome
from tokenpulse_shared.sketch import ZERO, bucket_index


def _folded(*observations: Observation) -> SeriesDelta:
    delta, words = SeriesDelta(), Words()
    for observation in observations:
        delta.fold(observation, words)
    return delta


def _counters(delta: SeriesDelta) -> dict[str, int]:
    return {name: count for name, count in zip(WINDOW_COUNTERS, delta.counters, strict=True) if count}


def _outcomes(*outcomes: Outcome) -> SeriesDelta:
    return _folded(*(Observation("openai", "gpt", outcome=outcome) for outcome in outcomes))


def test_folds_everything_that_is_known() -> None:
    """Every number of a full observation lands in its counter, sketch and histogram, in integer units."""
    delta = _folded(
        Observation(
            "openai",
            "gpt",
            streaming=True,
            finish_reason="stop",
            latency_seconds=2.0,
            ttfb_seconds=0.25,
            ttft_seconds=0.5,
            first_visible_seconds=1.25,
            tpot_seconds=0.0150000004,
            send_wait_seconds=0.000_012_4,
            tokens_input=100,
            tokens_output=50,
            tokens_cached=10,
            tokens_reasoning=20,
            usage_source="reported",
            cost_nano_usd=1_500_000,
            endpoint="chat",
            tokens_cache_write=30,
            itl=InterTokenLatency(0.9000004, 49, ((-200, 40), (-180, 9))),
        )
    )

    assert _counters(delta) == {
        "total_requests": 1,
        "successful_requests": 1,
        "tokens_input": 100,
        "tokens_output": 50,
        "tokens_cached": 10,
        "tokens_reasoning": 20,
        "total_cost": 1_500_000,
        "latency_us": 2_000_000,
        "latency_count": 1,
        "ttft_us": 500_000,
        "ttft_count": 1,
        "tpot_us": 15_000,
        "tpot_count": 1,
        "outcome:success": 1,
        "usage:reported": 1,
        "ttfb_us": 250_000,
        "ttfb_count": 1,
        "first_visible_us": 1_250_000,
        "first_visible_count": 1,
        "itl_us": 900_000,
        "itl_count": 49,
        "send_wait_us": 12,
        "send_wait_count": 1,
        "tokens_cache_write": 30,
    }
    assert delta.latency == {bucket_index(2.0): 1}
    assert delta.ttft == {bucket_index(0.5): 1}
    assert delta.tpot == {bucket_index(0.0150000004): 1}
    assert delta.ttfb == {bucket_index(0.25): 1}
    assert delta.first_visible == {bucket_index(1.25): 1}
    assert delta.itl == {-200: 40, -180: 9}
    assert delta.send_wait == {bucket_index(0.000_012_4): 1}
    assert delta.latencies_success == {histogram.bucket_of(histogram.LATENCY, 2.0): 1}
    assert delta.latency_success_us == 2_000_000
    assert delta.latencies_error == {}
    assert delta.ttfts == {histogram.bucket_of(histogram.TTFT, 0.5): 1}
    assert delta.tpots == {histogram.bucket_of(histogram.TPOT, 0.015): 1}
    assert delta.costs == {histogram.bucket_of(histogram.COST, 0.0015): 1}
    assert delta.cost_per_1k == {histogram.bucket_of(histogram.COST, 0.01): 1}
    assert delta.cost_per_1k_nano == 10_000_000
    assert delta.finishes == {"stop": 1}
    assert delta.error_types == {}
    chat = delta.endpoints["chat"]
    assert (chat.ttfb_us, chat.streaming_us) == (250_000, 1_750_000)
    assert chat.ttfbs == {histogram.bucket_of(histogram.ENDPOINT, 0.25): 1}
    assert chat.streamings == {histogram.bucket_of(histogram.ENDPOINT, 1.75): 1}


def test_unknown_is_not_zero() -> None:
    """An observation that knows nothing counts a request, unpriced, of unknown usage; nothing else."""
    delta = _folded(Observation("openai", "gpt"))

    assert _counters(delta) == {
        "total_requests": 1,
        "successful_requests": 1,
        "unpriced_requests": 1,
        "outcome:success": 1,
        "usage:unknown": 1,
    }
    assert [getattr(delta, quantity) for quantity in SKETCHED] == [{}] * 7
    assert (delta.costs, delta.endpoints, delta.finishes, delta.error_types) == ({}, {}, {}, {})


def test_a_failure_has_its_own_latency_histogram() -> None:
    """Latencies of failures and successes are told apart in the totals, together in the sketch."""
    delta = _folded(
        Observation("openai", "gpt", latency_seconds=0.0),
        Observation("openai", "gpt", outcome="timeout", latency_seconds=30.0),
    )

    assert (delta.latency_success_us, delta.latency_error_us) == (0, 30_000_000)
    assert delta.latencies_success == {0: 1}
    assert delta.latencies_error == {histogram.bucket_of(histogram.LATENCY, 30.0): 1}
    assert delta.latency == {ZERO: 1, bucket_index(30.0): 1}


def test_latencies_that_say_nothing_of_the_provider_are_counted_apart() -> None:
    """Callers' errors, disconnects and cancellations; successes and provider faults need no second count."""
    latencies = [Observation("p", "m", outcome=outcome, latency_seconds=0.5) for outcome in OUTCOMES]
    unknown = [Observation("p", "m", outcome=outcome) for outcome in OUTCOMES]
    counters = _counters(_folded(*latencies, *unknown))

    assert (counters["latency_us"], counters["latency_count"]) == (5_000_000, 10)
    assert (counters["unjudged_latency_us"], counters["unjudged_latency_count"]) == (1_500_000, 3)


def test_cost_without_tokens_has_no_price_per_thousand() -> None:
    """A priced call of unknown or no tokens counts in the costs alone; output alone is enough for a price."""
    free = _folded(Observation("p", "m", cost_nano_usd=5, tokens_input=0, tokens_output=0))
    priced = _folded(Observation("p", "m", cost_nano_usd=5_000, tokens_output=1_000))

    assert (free.costs, free.cost_per_1k) == ({0: 1}, {})
    assert (priced.cost_per_1k, priced.cost_per_1k_nano) == ({0: 1}, 5_000)


def test_endpoint_without_start_or_end() -> None:
    """Without a response's start an endpoint has nothing; only streams with an end have a streaming time."""
    delta = _folded(
        Observation("p", "m", endpoint="chat", latency_seconds=1.0),
        Observation("p", "m", endpoint="chat", ttfb_seconds=0.5, latency_seconds=1.0, streaming=False),
        Observation("p", "m", endpoint="chat", ttfb_seconds=0.5, streaming=True),
        Observation("p", "m", endpoint="chat", ttfb_seconds=0.5, latency_seconds=0.4, streaming=True),
    )

    chat = delta.endpoints["chat"]
    assert chat.ttfb_us == 1_500_000
    assert (chat.streamings, chat.streaming_us) == ({0: 1}, 0)


def test_a_response_without_an_endpoint_has_its_start_in_the_sketch() -> None:
    """Only what is told apart by endpoint needs one; the wait to send needs nothing else."""
    delta = _folded(
        Observation("p", "m", ttfb_seconds=0.5),
        Observation("p", "m", send_wait_seconds=0.0),
    )

    assert (delta.ttfb, delta.send_wait, delta.endpoints) == ({bucket_index(0.5): 1}, {ZERO: 1}, {})


def test_each_time_of_a_stream_stands_for_itself() -> None:
    """A first visible content equal to the first token counts in both; each may be known without the others."""
    delta = _folded(
        Observation("p", "m", ttft_seconds=0.5, first_visible_seconds=0.5),
        Observation("p", "m", first_visible_seconds=0.5),
        Observation("p", "m", ttft_seconds=0.25),
        Observation("p", "m", tpot_seconds=0.125),
        Observation("p", "m", itl=InterTokenLatency(0.2, 2, ((-105, 2),))),
        Observation("p", "m", itl=InterTokenLatency(0.1, 1, ((-105, 1),))),
    )
    counters = {name: count for name, count in _counters(delta).items() if name.endswith(("_us", "_count"))}

    assert counters == {
        "ttft_us": 750_000,
        "ttft_count": 2,
        "first_visible_us": 1_000_000,
        "first_visible_count": 2,
        "tpot_us": 125_000,
        "tpot_count": 1,
        "itl_us": 300_000,
        "itl_count": 3,
    }
    assert delta.first_visible == {bucket_index(0.5): 2}
    assert delta.ttft == {bucket_index(0.5): 1, bucket_index(0.25): 1}
    assert delta.itl == {-105: 3}


def test_failures_count_by_type_or_by_outcome() -> None:
    """The type of a success is none; the types of the failures add up to them."""
    delta = _folded(
        Observation("p", "m", outcome="provider_error", error_type="overloaded_error"),
        Observation("p", "m", outcome="provider_error", error_type="overloaded_error"),
        Observation("p", "m", outcome="truncated"),
        Observation("p", "m", outcome="timeout", error_type=""),
        Observation("p", "m", error_type="never read"),
    )

    assert delta.error_types == {"overloaded_error": 2, "truncated": 1, "timeout": 1}


def test_words_are_bounded() -> None:
    """Past the bounds new finish reasons, new error types count as `other`; known ones go on, so do outcomes."""
    named = [f"e{number}" for number in range(MAX_ERROR_TYPES)]
    delta = _folded(
        *(Observation("p", "m", finish_reason=f"r{number}") for number in range(MAX_FINISH_REASONS + 3)),
        Observation("p", "m", finish_reason="r0"),
        *(Observation("p", "m", outcome="network", error_type=name) for name in named),
        Observation("p", "m", outcome="network", error_type="e0"),
        Observation("p", "m", outcome="network"),
    )

    assert len(delta.finishes) == MAX_FINISH_REASONS + 1
    assert (delta.finishes["r0"], delta.finishes["other"]) == (2, 3)
    assert (delta.error_types["e0"], delta.error_types["network"]) == (2, 1)
    assert delta.error_types["other"] == len(OUTCOMES)


def test_faults_in_a_row() -> None:
    """Only provider faults count; a success ends the row, a caller's error or a disconnect does not."""
    delta = _outcomes(
        "timeout", "success", "provider_error", "caller_error", "client_disconnect", "truncated"
    )

    assert (delta.faults, delta.streak) == (3, 2)
    assert _counters(delta)["failed_requests"] == 5


def test_merged_row_of_faults_goes_on_or_starts_anew() -> None:
    """A later delta without a success prolongs the row, one with a success replaces it."""
    going_on = _outcomes("success", "timeout")
    going_on.merge(_outcomes("timeout", "timeout"))
    anew = _outcomes("timeout", "timeout", "timeout")
    anew.merge(_outcomes("timeout", "success", "network"))

    assert (going_on.faults, going_on.streak) == (3, 3)
    assert (anew.faults, anew.streak) == (5, 1)


def test_the_last_request_with_a_trace_stands_for_the_series() -> None:
    """One without a trace, or without a latency, leaves it; merging keeps the later one."""
    one = Observation("p", "m", started_at=100.0, latency_seconds=2.0, ttft_seconds=0.5, trace_id="a" * 32)
    two = one._replace(trace_id="b" * 32, ttft_seconds=None)
    silent, untimed = one._replace(trace_id=None), one._replace(latency_seconds=None)
    first, second = _folded(one, two, silent, untimed), _folded(one)

    assert first.exemplar == Exemplar("b" * 32, 102.0, 2.0, None)
    first.merge(_folded(silent))
    assert first.exemplar == Exemplar("b" * 32, 102.0, 2.0, None)
    first.merge(second)
    assert first.exemplar == Exemplar("a" * 32, 102.0, 2.0, 0.5)


def test_sizes_count_requests_whose_tokens_are_known() -> None:
    """None is not counted, zero is; a size on a bound is at or below it."""
    delta = _folded(
        Observation("p", "m", tokens_input=0, tokens_output=4),
        Observation("p", "m", tokens_input=5),
        Observation("p", "m"),
    )

    assert delta.input_sizes == {0: 1, histogram.TOKENS.index(16.0): 1}
    assert delta.output_sizes == {histogram.TOKENS.index(4.0): 1}
