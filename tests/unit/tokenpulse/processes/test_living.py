"""Tests of remembering objects for as long as somebody else holds them."""

from tokenpulse.processes.living import Living


class _Thing:
    """Be something that can be held weakly."""


def test_members_are_held_once_in_order() -> None:
    """An object that is added twice is one member."""
    living: Living[_Thing] = Living()
    first, second = _Thing(), _Thing()
    for thing in (first, second, first):
        living.add(thing)

    assert living.members() == [first, second]


def test_what_is_gone_or_discarded_is_no_member() -> None:
    """The collection holds nothing alive; taking out what is not there changes nothing."""
    living: Living[_Thing] = Living()
    kept, dropped, gone = _Thing(), _Thing(), _Thing()
    for thing in (kept, dropped, gone):
        living.add(thing)
    living.discard(dropped)
    living.discard(dropped)
    del thing, gone

    assert living.members() == [kept]
    assert len(living._references) == 1
