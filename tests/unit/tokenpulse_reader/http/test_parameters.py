"""Parameters and names, where a server hands over what a client library would not send."""

from typing import Any

import pytest

from tokenpulse_reader.http.parameters import Query, path_names
from tokenpulse_reader.http.problems import ProblemError

PREFIX = "/api/monitoring/latency/"


def scope(path: str, raw_path: bytes | None = None) -> dict[str, Any]:
    return {"path": path, "raw_path": raw_path}


@pytest.mark.parametrize("query", [b"hours=\xe9", b"\xff", b"a=%C3%28"])
def test_bytes_that_are_no_text_are_refused(query: bytes) -> None:
    with pytest.raises(ProblemError, match="percent-encoded UTF-8") as caught:
        Query({"query_string": query})
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("path", "raw_path", "names"),
    [
        (f"{PREFIX}p/a/b", f"{PREFIX}p/a/b".encode(), ["p", "a/b"]),
        (f"{PREFIX}p/x/a/b", f"{PREFIX}p%2Fx/a/b?hours=1".encode(), ["p/x", "a/b"]),
        (f"{PREFIX}p/a%2Fb", f"{PREFIX}p/a%252Fb".encode(), ["p", "a%2Fb"]),
        (f"/mounted{PREFIX}p/a", f"/mounted{PREFIX}p/a".encode(), ["p", "a"]),
        (f"{PREFIX}p/ä:1", None, ["p", "ä:1"]),
        (f"{PREFIX}p/a", PREFIX.replace("latency", "l%61tency").encode() + b"p/a", ["p", "a"]),
        (f"{PREFIX}p/a+b/", f"{PREFIX}p/a+b/".encode(), ["p", "a+b/"]),
    ],
)
def test_names_are_cut_before_they_are_decoded(path: str, raw_path: bytes | None, names: list[str]) -> None:
    """Without a raw path the decoded one has to do."""
    assert path_names(scope(path, raw_path), PREFIX, 2) == names


@pytest.mark.parametrize("tail", ["", "p", "p/", "/m", "/"])
def test_a_name_that_is_missing_is_404(tail: str) -> None:
    with pytest.raises(ProblemError) as caught:
        path_names(scope(PREFIX + tail, (PREFIX + tail).encode()), PREFIX, 2)
    assert caught.value.status == 404


def test_percentiles_keep_their_order_once_each() -> None:
    assert Query({"query_string": b"p=99,50,99.9,50"}).percentiles("p", ()) == (99.0, 50.0, 99.9)
    assert Query({"query_string": b""}).percentiles("p", (1.0,)) == (1.0,)
