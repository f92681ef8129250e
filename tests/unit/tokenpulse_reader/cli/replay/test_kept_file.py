"""What kind of file it is, and which exchange of it is meant."""

import base64
from typing import Any

import orjson
import pytest

from tests.support.answers import chat_answer
from tests.support.kept_answers import ANTHROPIC, BEDROCK, CURL, GEMINI, OLLAMA, OPENAI, RECORDED, har
from tokenpulse.explain import Exchange
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.kept import Kept
from tokenpulse_reader.cli.replay.kept_file import kept_in
from tokenpulse_shared.settings import Settings

CHAT = "https://api.example.com/v1/chat/completions?key=1"
SSE = ((b"content-type", b"text/event-stream"),)


def kept(content: bytes, line: int | None = None, entry: int | None = None) -> Kept:
    """Return what a file holds."""
    return kept_in(content, Settings.load({}), line, entry)


def recorded(**response: Any) -> bytes:
    """Return a recorded exchange of which only the response was kept."""
    return orjson.dumps({"response": response})


@pytest.mark.parametrize("body", [OPENAI, ANTHROPIC, GEMINI, OLLAMA, BEDROCK, chat_answer()])
def test_bodies_are_taken_as_they_are(body: bytes) -> None:
    """What `curl -N` saves is a body; nobody kept its status."""
    assert kept(body) == Kept("body of a response", Exchange(body), has_status=False)


def test_curl_with_headers() -> None:
    """What `curl -i` saves: the last head counts, after 100 Continue."""
    exchange = Exchange(OPENAI, headers=(*SSE, (b"x-empty", b"")))

    assert kept(CURL) == Kept("HTTP response with its headers", exchange)


def test_recorded_exchanges() -> None:
    """A recorded exchange has everything; its further keys are ignored."""
    exchange = Exchange(
        OPENAI,
        "/v1/chat/completions",
        "POST",
        ((b"content-type", b"application/json"),),
        b'{"model":"openai/gpt-4o","stream":true}',
        headers=SSE,
    )

    assert kept(orjson.dumps(RECORDED)) == Kept("recorded exchange", exchange)
    assert kept(orjson.dumps(RECORDED, option=orjson.OPT_INDENT_2)).exchange == exchange


def test_lines_are_chosen() -> None:
    """Of recorded exchanges, one a line, `--line` names one; a single one needs no choice."""
    lines = b"\n\n".join((recorded(body_text="a", status=201), recorded(body_text="b"))) + b"\n"

    assert kept(lines, line=2) == Kept("recorded exchange", Exchange(b"b"), has_status=False)
    assert kept(lines, line=1).exchange.status == 201
    assert kept(recorded(body_text="a") + b"\n").exchange.body == b"a"


def test_har_entries_are_chosen() -> None:
    """The only entry, else the only one of inference, else the one that `--entry` names."""
    page = ("GET", "https://example.com/", b"<html>")
    chat = ("POST", CHAT, OPENAI)
    exchange = Exchange(OPENAI, "/v1/chat/completions", request_headers=((b"a", b"b"),))

    assert kept(har(page, chat)) == Kept("entry of a HAR file", exchange)
    assert kept(har(page)).exchange.body == b"<html>"
    assert kept(har(chat, page, chat), entry=2).exchange.method == "GET"


@pytest.mark.parametrize(
    ("content", "choice", "message"),
    [
        (b" \n", {}, "the file is empty"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", {}, "the file begins with an HTTP status line, but its headers break off"),
        (OPENAI, {"line": 1}, "--line 1: this is for recorded exchanges, one a line, which the file is not"),
        (OPENAI, {"entry": 1}, "--entry 1: this is for HAR files, which the file is not"),
        (har(("POST", CHAT, OPENAI)), {"line": 1}, "--line 1: this is for recorded exchanges, one a line, which the file is not"),
        (recorded(body_text="a") + b"\n{}", {}, "the file holds 2 recorded exchanges; choose one with --line 1 to 2"),
        (recorded(body_text="a") + b"\n{}", {"line": 2}, "--line 2: this line is no recorded exchange"),
        (recorded(body_text="a"), {"line": 2}, "--line 2: the file holds 1 recorded exchanges"),
        (recorded(body_b64="?"), {}, "response.body_b64 of the recorded exchange is no base64"),
        (recorded(body_b64=1), {}, "response.body_b64 of the recorded exchange is no base64"),
        (recorded(body_text=1), {}, "response.body_text of the recorded exchange is no text"),
        (har(("POST", CHAT, OPENAI)), {"entry": 2}, "--entry 2: the file holds 1 entries"),
        (har(), {}, "the file holds 0 entries; choose one with --entry (of inference: none)"),
        (
            har(("POST", CHAT, OPENAI), ("GET", CHAT, b""), ("POST", CHAT, OPENAI)),
            {},
            "the file holds 3 entries; choose one with --entry (of inference: 1, 3)",
        ),
        (
            b'{"log":{"entries":[{"response":{"content":{"text":"?","encoding":"base64"}}}]}}',
            {},
            "response.content.text of the HAR entry is no base64",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(content: bytes, choice: dict[str, int], message: str) -> None:
    """A file that does not tell which exchange is meant, or is damaged, is refused with what to do."""
    with pytest.raises(RefusedError) as refused:
        kept(content, **choice)

    assert refused.value.message == message
    assert refused.value.exit_code == 2


def test_binary_bodies() -> None:
    """A body in base64 is decoded, in both kinds of JSON."""
    text = base64.b64encode(BEDROCK).decode()
    entry = {"response": {"content": {"text": text, "encoding": "base64"}}}

    assert kept(recorded(body_b64=text)).exchange.body == BEDROCK
    assert kept(orjson.dumps({"log": {"entries": [entry]}})).exchange.body == BEDROCK


@pytest.mark.parametrize(
    ("lengths", "kept_lengths"),
    [([2, 0, 3], (2, 0, 3)), ([2, 2], None), ([-1, 6], None), (["5"], None), (5, None), (None, None)],
)
def test_read_lengths_must_add_up(lengths: object, kept_lengths: tuple[int, ...] | None) -> None:
    """Lengths of reads are taken only if they make up the body."""
    assert kept(recorded(body_text="abcde", chunk_lens=lengths)).exchange.read_lengths == kept_lengths


@pytest.mark.parametrize("headers", [{"A": "b"}, [["A", "b"]], [{"name": "A", "value": "b"}]])
def test_headers_of_every_shape(headers: object) -> None:
    """An object, pairs, or HAR's objects; what is no text is left out."""
    odd: object = {**headers, "C": 1} if isinstance(headers, dict) else [*headers, ["c"], 7, [1, 2]]  # type: ignore[misc]

    assert kept(recorded(body_text="", headers=odd)).exchange.headers == ((b"a", b"b"),)
    assert kept(recorded(body_text="", headers="A: b")).exchange.headers == ()


def test_text_bodies_are_not_encoded() -> None:
    """What the headers say of the wire does not hold for a body kept as text."""
    headers = {"Content-Encoding": "gzip", "Content-Length": "999"}
    exchange = kept(recorded(body_text="a", headers=headers)).exchange

    assert (exchange.headers, exchange.is_complete) == ((), True)


@pytest.mark.parametrize(
    ("headers", "is_complete"),
    [
        (b"Content-Length: 4\r\n", False),
        (b"Content-Length: 3\r\n", True),
        (b"Content-Length: 3, 3\r\n", True),
        (b"Content-Length: 4\r\nContent-Encoding: gzip\r\n", True),
        (b"", True),
    ],
)
def test_broken_off_bodies(headers: bytes, is_complete: bool) -> None:
    """Fewer bytes than promised break off; of an encoded body nobody knows."""
    assert kept(b"HTTP/2 200 \r\n" + headers + b"\r\nabc").exchange.is_complete is is_complete


@pytest.mark.parametrize(
    "request_",
    [None, [], {"method": 1, "path": 2, "headers": 3}, {"path": "", "body": None}],
)
def test_odd_requests_say_nothing(request_: object) -> None:
    """What the request's part of a recorded exchange does not tell is unknown."""
    content = orjson.dumps({"request": request_, "response": {"body_text": "a", "status": "200"}})

    assert kept(content) == Kept("recorded exchange", Exchange(b"a"), has_status=False)


def test_requests_as_text() -> None:
    """A request's body that is text is taken as it is; a URL gives its path."""
    request = {"method": "post", "path": CHAT, "body": '{"model": "m"}'}
    exchange = kept(orjson.dumps({"request": request, "response": {"body_text": None}})).exchange

    assert exchange == Exchange(b"", "/v1/chat/completions", request_body=b'{"model": "m"}')


def test_odd_har_entries_say_nothing() -> None:
    """What an entry does not tell is unknown; what was posted is the request's body."""
    odd = {
        "request": {"method": 1, "url": 2, "postData": {"text": "{}"}},
        "response": {"status": "?", "content": 1},
    }

    assert kept(orjson.dumps({"log": {"entries": [7]}})).exchange == Exchange(b"")
    assert kept(orjson.dumps({"log": {"entries": [odd]}})).exchange == Exchange(b"", request_body=b"{}")


@pytest.mark.parametrize("content", [b"[1]", b'{"log":1}', b'{"log":{"entries":1}}', b'{"response":{"a":1}}'])
def test_other_json_is_a_body(content: bytes) -> None:
    """JSON of another shape is the body of a response."""
    assert kept(content).exchange == Exchange(content)
