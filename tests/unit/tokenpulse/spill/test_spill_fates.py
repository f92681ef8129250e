"""Tests of what became of the records in a log."""

from tokenpulse.batches.numbered_batch import Group
from tokenpulse.spill.spill_fates import Fates
from tokenpulse.spill.spill_records import LoggedBatch
from tokenpulse_shared.names import OTHER

P, Q, REST = Group("provider", "p"), Group("provider", "q"), Group("provider", OTHER)


def _batch(group: Group, sequence: int, cut: int) -> LoggedBatch:
    return LoggedBatch(group, sequence - 1, sequence, cut, 0.0)


def _told(fates: Fates, group: Group, *positions: int) -> list[tuple[str, str, int, bool] | None]:
    """Return for each position who sent it, in which group's batch, its sequence, whether Redis has it."""
    found = [fates.find(group, position) for position in positions]
    return [
        None
        if sent is None
        else (sent.writer_id, sent.batch.group.name, sent.batch.sequence, sent.is_acknowledged)
        for sent in found
    ]


def test_without_notes_nothing_was_sent() -> None:
    """A record that no batch followed is as it was recorded."""
    fates = Fates()
    fates.note_acknowledged(P)

    assert _told(fates, P, 1, 99) == [None, None]


def test_a_record_belongs_to_the_first_batch_after_it() -> None:
    """Up to the cut, and of its own group; the last batch is in doubt until Redis has it."""
    fates = Fates()
    fates.note_batch(_batch(P, 1, 5), "w")
    fates.note_acknowledged(P)
    fates.note_batch(_batch(P, 2, 8), "w")
    fates.note_batch(_batch(Q, 1, 7), "w")

    assert _told(fates, P, 1, 5, 6, 8, 9) == [
        ("w", "p", 1, True),
        ("w", "p", 1, True),
        ("w", "p", 2, False),
        ("w", "p", 2, False),
        None,
    ]
    assert _told(fates, Q, 7, 8) == [("w", "q", 1, False), None]


def test_a_groups_next_batch_tells_that_redis_has_the_one_before() -> None:
    """A group has one batch in flight at most."""
    fates = Fates()
    fates.note_batch(_batch(P, 1, 5), "w")
    fates.note_batch(_batch(P, 2, 8), "w")

    assert _told(fates, P, 5, 8) == [("w", "p", 1, True), ("w", "p", 2, False)]


def test_moved_records_belong_to_the_batch_that_took_them() -> None:
    """What was refused as a provider is in the next batch of `__other__`; what came later is not."""
    fates = Fates()
    fates.note_batch(_batch(REST, 1, 4), "w")
    fates.note_moved("p", 6)
    fates.note_moved("q", 6)

    assert _told(fates, P, 3, 6, 7) == [None, None, None]

    fates.note_batch(_batch(REST, 2, 6), "w")
    fates.note_moved("p", 9)
    fates.note_acknowledged(REST)

    assert _told(fates, P, 3, 6, 7) == [("w", OTHER, 2, True), ("w", OTHER, 2, True), None]
    assert _told(fates, Q, 6) == [("w", OTHER, 2, True)]


def test_what_a_dead_process_moved_waits_where_it_came_from() -> None:
    """Its memory is gone: the next process decides anew about the provider's records, old and new."""
    fates = Fates()
    fates.note_moved("p", 6)
    fates.note_moved("q", 6)
    fates.note_batch(_batch(P, 1, 8), "w")
    fates.note_other_process()
    fates.note_batch(_batch(P, 1, 9), "v")
    fates.note_moved("q", 9)

    assert _told(fates, P, 6, 8, 9) == [("v", "p", 1, False), ("w", "p", 1, True), ("v", "p", 1, False)]
    assert _told(fates, Q, 6, 9) == [None, None]

    fates.note_batch(_batch(REST, 1, 9), "v")

    assert _told(fates, Q, 6, 9) == [("v", OTHER, 1, False), ("v", OTHER, 1, False)]
