"""Tests of names as an app gives them."""

from tokenpulse.call_names import _REMEMBERED, CallNames


def test_names_are_remembered_within_a_bound() -> None:
    """Cleaned names are kept for speed, a bounded number of them and no long ones."""
    names = CallNames(lambda cause: None)
    for number in range(_REMEMBERED + 10):
        assert names.find(f"m{number}") == f"m{number}"
        assert len(names._cleaned) <= _REMEMBERED
    before = len(names._cleaned)
    long_name = names.find("x" * 1000)

    assert len(long_name) < 1000
    assert len(names._cleaned) == before


def test_names_come_out_clean_every_time() -> None:
    """Control characters are replaced, in the first answer and in the remembered one."""
    names = CallNames(lambda cause: None)

    assert names.find("a\nb") == names.find("a\nb") != "a\nb"


def test_what_is_no_name_is_unknown_and_counted() -> None:
    """Anything but text is a fault, nothing at all is not."""
    faults: list[str] = []
    names = CallNames(faults.append)

    assert (names.find(None), names.find(7)) == ("unknown", "unknown")
    assert faults == ["name_rejected"]
