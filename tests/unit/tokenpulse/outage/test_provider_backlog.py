"""Tests of what a provider's backlog keeps beside its counts."""

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse.outage.count_codes import FieldCodes
from tokenpulse.outage.minute_records import MinuteRecords
from tokenpulse.outage.provider_backlog import Packing, ProviderBacklog
from tokenpulse.outage.window_record import RecordWriter
from tokenpulse_shared.exemplar import Exemplar

_EARLY = Exemplar("1" * 32, 100, 1.0)
_LATE = Exemplar("2" * 32, 9_000, 1.0)


def _delta(exemplar: Exemplar | None) -> SeriesDelta:
    delta = SeriesDelta()
    delta.exemplar = exemplar
    return delta


def _backlog() -> ProviderBacklog:
    return ProviderBacklog(
        Packing(FieldCodes(), RecordWriter(), MinuteRecords(), MinuteRecords(), lambda: None)
    )


def test_the_last_exemplar_stays() -> None:
    """Minutes' win over those of hours, which are older; a delta without one changes nothing."""
    held, first, second = _backlog(), ProviderDelta(), ProviderDelta()
    first.minutes = {150: {"m": _delta(_LATE)}}
    first.hours = {0: {"m": _delta(_EARLY), "n": _delta(_EARLY)}}
    second.minutes = {151: {"m": _delta(None)}}
    held.add(first, (), 10)
    held.add(second, (), 10)

    assert {name: series.example for name, series in held.series.items()} == {
        "m": _LATE.encoded(),
        "n": _EARLY.encoded(),
    }
