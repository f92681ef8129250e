"""What fails is made small before a person sees it."""

from tests.fuzz.case import Case
from tests.fuzz.shrink import MAX_TRIES, shrunk


def test_only_what_is_needed_stays() -> None:
    """Of body, cuts, folds, headers and request only what makes it fail is left."""
    case = Case(
        "answer",
        "/v1/messages",
        b'{"model":"m"}',
        b"a" * 300 + b"X" + b"b" * 200 + b"Y" + b"c" * 99,
        headers=((b"content-type", b"text/plain"), (b"x", b"y")),
        cuts=tuple(range(1, 600)),
        folds=(3, 5),
    )
    small = shrunk(case, lambda tried: b"X" in tried.body and b"Y" in tried.body)

    assert small == Case("answer", "/v1/messages", b"", b"XY", headers=((b"content-type", b"text/plain"),))


def test_folds_keep_their_places() -> None:
    """Where folds are needed, the pieces between them become one."""
    case = Case("answer", "/v1/messages", b"", b"abcdefgh", cuts=tuple(range(1, 8)), folds=(2, 4))
    small = shrunk(case, lambda tried: len(tried.folds) == 2 and tried.pieces()[-1] == b"fgh")

    assert small.pieces() == [b"abc", b"de", b"fgh"]
    assert small.folds == (0, 1)


def test_a_case_that_cannot_be_smaller_stays() -> None:
    """When nothing smaller fails, the case itself is given back; tries are bounded."""
    case = Case("answer", "/v1/messages", b"{}", bytes(5_000), cuts=(7,), folds=(0,))
    tries: list[Case] = []

    def is_tried(tried: Case) -> bool:
        tries.append(tried)
        return False

    assert shrunk(case, is_tried) == case
    assert MAX_TRIES - 10 < len(tries) <= MAX_TRIES + 1
