"""What the report of a replay looks like, whole."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.answers import DONE, chat_answer, delta, event, usage_chunk
from tests.support.kept_answers import ANTHROPIC, BEDROCK, GEMINI, OLLAMA, OPENAI, RECORDED
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.report import Wanted, json_report, text_report
from tokenpulse_shared.settings import Settings

# fmt: off
OPENAI_TABLE = """\
#  offset  event                  content    what it tells             marks
0      10  chat.completion.chunk  -          model m-2025
1     167  chat.completion.chunk  reasoning                            first content: TTFT
2     317  chat.completion.chunk  visible                              first visible
3     457  chat.completion.chunk  visible                              last content
4     598  chat.completion.chunk  -          finish stop
5     726  -                      -          usage: input 5, output 4  usage from here
6     843  [DONE]                 -          end of the answer
"""

ANTHROPIC_TABLE = """\
#  offset  event                content    what it tells                    marks
0       0  message_start        -          model claude-haiku-4-5; usage:   usage from here: input,
                                           input 9, output 1, cached 40     cached
1     166  content_block_start  -
2     291  ping                 -
3     326  content_block_delta  reasoning                                   first content: TTFT
4     453  content_block_delta  visible                                     first visible
5     572  content_block_delta  visible                                     last content
6     691  message_delta        -          finish end_turn; usage: output   usage from here: output
                                           12
7     808  message_stop         -          end of the answer
"""

GEMINI_TABLE = """\
#  offset  event  content  what it tells                                    marks
0       4  -      visible  model gemini-2.5-flash; usage: input 6, output   first content: TTFT;
                           1                                                first visible
1     307  -      visible  finish STOP; usage: input 6, output 3,           last content; usage from
                           reasoning 5                                      here
"""

OLLAMA_TABLE = """\
#  offset  event  content  what it tells                                    marks
0       0  -      visible  model llama3.2                                   first content: TTFT;
                                                                            first visible
1      82  -      visible                                                   last content
2     164  -      -        finish stop; usage: input 7, output 2; end of    usage from here
                           the answer
"""

BEDROCK_TABLE = """\
#  offset  event              content  what it tells                        marks
0       0  messageStart       -
1     118  contentBlockDelta  visible                                       first content: TTFT;
                                                                            first visible; last
                                                                            content
2     268  messageStop        -        finish end_turn; end of the answer
3     390  metadata           -        usage: input 4, output 2; end of     usage from here
                                       the answer
"""

# fmt: on

HEADING = """\
file      answer.sse: body of a response, 857 bytes of body
exchange  POST /v1/chat/completions (by the answer's shape), status 200 assumed
dialect   openai-chat
framing   server-sent events, 7 events, replayed event by event
"""

SUMMARY = """\
What tokenpulse records of it:
  outcome         success
  provider        openai
  model           m-2025
  response model  m-2025
  finish reason   stop
  first content   event 1 (TTFT)
  first visible   event 2
  tokens in       5 (read from a cache: unknown, written to one: unknown)
  tokens out      4 (reasoning: unknown)
  usage           reported by event 5
  cost            0.000017 USD, by the price file
  faults          none"""


def wanted(content: bytes, settings: dict[str, Any] | None = None, **given: Any) -> Wanted:
    """Return what a user would want of a file; prices come from no installed package."""
    loaded = Settings.load({}, **{"genai_prices": False, **(settings or {})})
    return Wanted("answer.sse", content, loaded, **given)


async def report(content: bytes, settings: dict[str, Any] | None = None, **given: Any) -> str:
    """Return the report for a terminal of 100 columns."""
    shown = {"is_full": given.pop("is_full", False), "has_text": given.pop("has_text", False)}
    return await text_report(wanted(content, settings, **given), width=100, **shown)


def line_of(text: str, label: str) -> str:
    """Return what stands after a label, as one line."""
    lines = text.split("\n")
    (start,) = (number for number, line in enumerate(lines) if line.strip().startswith(f"{label}  "))
    rest = [lines[start].split(label, 1)[1]]
    for line in lines[start + 1 :]:
        if not line.startswith("    "):
            break
        rest.append(line)
    return " ".join(part.strip() for part in rest)


@pytest.mark.parametrize(
    ("body", "table"),
    [
        (OPENAI, OPENAI_TABLE),
        (ANTHROPIC, ANTHROPIC_TABLE),
        (GEMINI, GEMINI_TABLE),
        (OLLAMA, OLLAMA_TABLE),
        (BEDROCK, BEDROCK_TABLE),
    ],
    ids=["openai", "anthropic", "gemini", "ollama", "bedrock"],
)
async def test_tables(body: bytes, table: str) -> None:
    """A stream of each framing, event by event."""
    text = await report(body)

    assert text.split("\n\n")[1] + "\n" == table


async def test_whole_report(tmp_path: Path) -> None:
    """A heading, the table, what the middleware records with its cost."""
    price = {"input_cost_per_token": 1e-6, "output_cost_per_token": 3e-6}
    prices = tmp_path / "prices.json"
    prices.write_bytes(orjson.dumps({"m-2025": {"litellm_provider": "openai", "mode": "chat", **price}}))
    text = await report(OPENAI, {"price_file": str(prices)}, provider="openai")

    assert text == f"{HEADING}\n{OPENAI_TABLE}\n{SUMMARY}"


async def test_recorded_reads() -> None:
    """With recorded lengths of reads, first content is an event in a read."""
    kept = {**RECORDED, "response": {**RECORDED["response"], "chunk_lens": [400, 457]}}
    text = await report(orjson.dumps(kept))

    assert line_of(text, "framing") == "server-sent events, 7 events, replayed in 2 reads as recorded"
    assert line_of(text, "first content") == "event 1, in read 1 (TTFT)"
    assert line_of(text, "first visible") == "event 2, in read 2"


async def test_pieces_of_bytes() -> None:
    """With a number of bytes, first content is an event in a piece."""
    text = await report(OPENAI, chunks=100)

    assert (
        line_of(text, "framing") == "server-sent events, 7 events, replayed in 9 pieces of at most 100 bytes"
    )
    assert line_of(text, "first content") == "event 1, in read 4 (TTFT)"


async def test_json_answers_have_no_ttft() -> None:
    """A JSON answer is shown as one event, without times of content."""
    text = await report(chat_answer())

    assert line_of(text, "framing") == "one JSON answer, replayed whole"
    assert line_of(text, "first content") == "none: not a stream, so there is a latency and no TTFT"
    assert "first visible" not in text
    assert line_of(text, "tokens in") == "12 (read from a cache: 4, written to one: unknown)"
    assert line_of(text, "tokens out") == "7 (reasoning: 2)"


async def test_long_streams_are_abbreviated() -> None:
    """The first 10 events, the last 5 and what matters between are shown; a line counts the rest."""
    reasoning = [delta(reasoning_content="hm")] * 2
    body = b"".join(
        [delta(role="assistant"), *[delta(content="")] * 14, *reasoning, *[delta(content="w")] * 20]
    )
    body += delta("stop") + b"data: ?\n\n" + b"".join([delta(content="")] * 8) + usage_chunk() + DONE
    text = await report(body)
    rows = text.split("\n\n")[1].split("\n")

    assert [row.split()[0] for row in rows] == [
        "#", *map(str, range(10)), "...", "15", "...", "17", "...", "36", "37", "38", "...", "44", "45", "46", "47", "48",
    ]  # fmt: skip
    gaps = [row for row in rows if row.startswith("...")]
    assert gaps == [
        "... 5 events not shown: 5 without content; 690 bytes",
        "... 1 event not shown: 1 reasoning; 150 bytes",
        "... 18 events not shown: 18 visible; 2502 bytes",
        "... 5 events not shown: 5 without content; 690 bytes",
    ]
    assert [row.split()[0] for row in (await report(body, is_full=True)).split("\n\n")[1].split("\n")] == [
        "#",
        *map(str, range(49)),
    ]


async def test_text_is_shown_only_on_demand() -> None:
    """What the model said is printed with `--text` alone, quoted, wrapped, harmless to a terminal."""
    body = delta("stop", content="\u202eso\x1b[31m " + "word " * 40) + DONE
    plain, text = await report(body), await report(body, has_text=True)
    said = [line for line in text.split("\n") if line.startswith("    ") and "word" in line]

    assert "word" not in plain
    assert said[0].startswith('    "\ufffdso\\u001b[31m word word')
    assert "".join(said).count("word") == 40
    assert max(map(len, said)) <= 100


async def test_failures_are_shown() -> None:
    """An error inside a stream: its event, the outcome, the type; its message as it would be kept, masked."""
    error = event({"error": {"type": "server_error", "message": "password=hunter22xyz failed"}})
    text = await report(delta(content="a") + error)

    assert "error server_error" in text.split("\n\n")[1]
    assert line_of(text, "outcome") == "provider_error"
    assert line_of(text, "error") == "server_error: password=*** failed"


async def test_several_choices_and_costs() -> None:
    """A finish reason of a further choice names it; a reported cost is shown exactly."""
    body = delta("stop", content="a") + delta("length", index=1) + usage_chunk(cost=0.00125) + DONE
    text = await report(body)

    assert "finish length of choice 1" in text
    assert "cost 0.00125 USD" in " ".join(text.split())
    assert line_of(text, "cost") == "0.00125 USD, reported by the response"


@pytest.mark.parametrize(
    ("content", "given", "label", "value"),
    [
        (OPENAI[:500], {}, "outcome", "truncated"),
        (delta(content="a") + usage_chunk(), {}, "usage", "partial by event 1"),
        (OPENAI, {"path": "/v1/messages"}, "usage", "unknown: nothing told it"),
        (ANTHROPIC, {}, "usage", "reported by event 0 (input, cached), event 6 (output)"),
        (usage_chunk(-1, 4) + usage_chunk(-1, 4) + DONE, {}, "faults", "usage_rejected"),
        (b"data: ?\n\n" * 2 + delta("stop") + DONE, {}, "faults", "response_malformed"),
        (delta("stop") + DONE, {"path": "/v1/chat/completions"}, "first content", "none"),
        (b'{"a"', {"dialect": "openai-chat"}, "faults", "response_malformed"),
    ],
)  # fmt: skip
async def test_what_is_not_known_is_said(
    content: bytes, given: dict[str, Any], label: str, value: str
) -> None:
    """Unknown, partial, broken: in words, never as zero."""
    assert line_of(await report(content, **given), label) == value


async def test_estimates_and_headers_are_told() -> None:
    """Usage that no event told: estimated, or from the response's headers."""
    estimated = await report(delta("stop", content="a") + DONE, {"estimate_usage": "events"})
    headers = {"x-amzn-bedrock-input-token-count": "5", "x-amzn-bedrock-output-token-count": "2"}
    kept = {
        "request": {"path": "/model/m/invoke"},
        "response": {"headers": headers, "body_text": '{"generation":"x"}'},
    }
    told = await report(orjson.dumps(kept))

    assert line_of(estimated, "usage") == "estimated: estimate_usage is on, and the answer does not tell it"
    assert line_of(told, "usage") == "reported by the response's headers"


async def test_broken_and_encoded_bodies_are_told() -> None:
    """Bytes that are missing, an encoding that hides the events."""
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + OPENAI
    hidden = b"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\n??"
    text, opaque = await report(short), await report(hidden, path="/v1/chat/completions")

    assert line_of(text, "broken") == "the headers promise more bytes than there are"
    assert line_of(text, "outcome") == "truncated"
    assert line_of(opaque, "encoding") == "rot13: cannot be decoded here, so there are no events to show"
    assert line_of(opaque, "framing") == "hidden by the encoding, replayed whole"
    assert len(opaque.split("\n\n")) == 2


async def test_unknown_dialects_are_refused() -> None:
    """A dialect that does not exist ends in a list of those that do."""
    with pytest.raises(
        RefusedError, match="--dialect klingon: expected one of openai-chat, openai-completions,"
    ):
        await report(OPENAI, dialect="klingon")


async def test_report_for_machines() -> None:
    """Everything as JSON, times left out, text only on demand."""
    told = orjson.loads(await json_report(wanted(ANTHROPIC), has_text=False))
    with_text = orjson.loads(await json_report(wanted(ANTHROPIC), has_text=True))

    assert told["file"] == {"name": "answer.sse", "kind": "body of a response", "body_bytes": 859}
    assert told["exchange"] == {
        "path": "/v1/messages",
        "path_from": "by the answer's shape",
        "status": 200,
        "has_status": False,
        "is_complete": True,
        "encoding": None,
    }
    assert (told["framing"], told["reads"]) == ("sse", 8)
    assert (told["first_content_event"], told["first_visible_event"], told["last_content_event"]) == (3, 4, 5)
    assert told["usage_events"] == [
        {"event": 0, "numbers": ["input", "cached"]},
        {"event": 6, "numbers": ["output"]},
    ]
    assert told["events"][6] == {
        "number": 6,
        "offset": 691,
        "bytes": 117,
        "read": 7,
        "name": "message_delta",
        "is_readable": True,
        "content": "none",
        "model": None,
        "usage": {"output": 12},
        "finishes": [{"choice": 0, "reason": "end_turn"}],
        "error": None,
        "is_end": False,
        "marks": ["usage from here: output"],
    }
    assert with_text["events"][4]["text"] == "Good"
    observation = told["observation"]
    assert (observation["tokens_input"], observation["tokens_output"], observation["cost_nano_usd"]) == (
        49,
        12,
        None,
    )
    assert [key for key in observation if key.endswith("seconds")] == []
    assert (told["cost_source"], told["faults"]) == (None, [])
    assert told["cost_unknown_because"] == "no price table: no price_file, and no genai-prices"


async def test_errors_and_broken_events_for_machines() -> None:
    """An error has its type and code; an event that cannot be read has no facts."""
    error = event({"error": {"type": "server_error", "code": 500, "message": "no"}})
    read = delta(content="a") + error
    told = orjson.loads(await json_report(wanted(read + b"data: {"), has_text=False))

    assert told["events"][1]["error"] == {"type": "server_error", "code": "500"}
    assert told["events"][2] == {
        "number": 2,
        "offset": len(read),
        "bytes": 7,
        "read": 3,
        "name": None,
        "is_readable": False,
        "marks": [],
    }


async def test_hidden_framing_for_machines() -> None:
    """Where the encoding hides the framing it is null."""
    hidden = b"HTTP/1.1 200 OK\r\nContent-Encoding: rot13\r\n\r\n??"
    told = orjson.loads(await json_report(wanted(hidden, path="/v1/responses"), has_text=False))

    assert (told["framing"], told["events"]) == (None, [])


async def test_example_of_the_documentation_is_what_is_printed() -> None:
    """The page shows the report of the stream that the tests hold."""
    page = Path(__file__).parents[5] / "docs" / "replay.md"
    kept = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + ANTHROPIC
    text = await report(kept)

    assert text.replace("answer.sse", "answer.txt") in page.read_text()
