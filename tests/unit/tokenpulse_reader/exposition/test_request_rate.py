"""A counter's growth a minute, over what is remembered of the last one."""

from tokenpulse_reader.exposition.request_rate import MAX_NOTED, RequestRate


def _rate(*noted: tuple[float, int | None]) -> float | None:
    rate = RequestRate()
    for at, count in noted:
        rate.note(at, count)
    return rate.per_minute()


def test_growth_is_reckoned_to_a_minute() -> None:
    """From the first to the last that is remembered."""
    assert _rate((0.0, 1_000), (60.0, 1_030)) == 30.0
    assert _rate((0.0, 1_000), (2.0, 1_001), (4.0, 1_010)) == 150.0


def test_only_the_last_minute_counts() -> None:
    """The first noted is the last one that is a minute old or older."""
    assert _rate((0.0, 0), (30.0, 600), (60.0, 700), (90.0, 800), (120.0, 900)) == 200.0


def test_nothing_is_told_of_less_than_a_second() -> None:
    """A rate over an instant is a guess."""
    assert _rate() is None
    assert _rate((5.0, 10)) is None
    assert _rate((5.0, 10), (5.9, 20)) is None


def test_a_counter_that_fell_began_anew() -> None:
    """So does one that was not known, or a clock that was set back."""
    assert _rate((0.0, 1_000), (10.0, 10), (20.0, 20)) == 60.0
    assert _rate((0.0, 1_000), (10.0, None), (20.0, 2_000), (30.0, 2_001)) == 6.0
    assert _rate((100.0, 1_000), (10.0, 2_000), (20.0, 2_010)) == 60.0


def test_what_is_remembered_is_bounded() -> None:
    """However often it is told."""
    rate = RequestRate()
    for number in range(3 * MAX_NOTED):
        rate.note(number / 1_000, number)

    assert rate.per_minute() is None
