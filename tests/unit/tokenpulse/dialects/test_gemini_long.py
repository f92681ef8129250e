"""What is read of a Gemini chunk too long to keep."""

from typing import Any

import orjson
import pytest

from tokenpulse.dialects.facts import Content, EventFacts, Usage
from tokenpulse.dialects.gemini import GeminiGenerate

GEMINI = GeminiGenerate()
LONG = "QUJD" * 500_000
SAID = {
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1290, "totalTokenCount": 1297},
    "modelVersion": "gemini-2.5-flash-image",
    "responseId": "r",
}
USAGE = Usage(7, 1290, output_lacks_reasoning=True, is_whole=True)


def cut(body: dict[str, Any], *, indent: bool = False) -> EventFacts:
    """Read the ends of a chunk of two megabytes, as a reader would."""
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2 if indent else None)
    kept = GEMINI.abridged(data[: 16 * 1024], data[-32 * 1024 :])
    assert kept is not None
    assert GEMINI.text(kept) == ""
    return GEMINI.event(b"", kept)


@pytest.mark.parametrize("indent", [False, True])
def test_a_generated_image(indent: bool) -> None:
    """The image of a long chunk is content; finish reason, usage, model stand after it."""
    part = {"inlineData": {"mimeType": "image/png", "data": LONG}}
    body = {"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP", "index": 0}], **SAID}

    assert cut(body, indent=indent) == EventFacts(
        Content.VISIBLE, USAGE, ((0, "STOP"),), model="gemini-2.5-flash-image"
    )


def test_a_long_signature() -> None:
    """A signature is no content, however long."""
    body = {"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": LONG}]}}], **SAID}

    assert cut(body) == EventFacts(usage=USAGE, model="gemini-2.5-flash-image")


def test_an_image_of_the_thoughts() -> None:
    """What the model drew while it thought is reasoning."""
    part = {"thought": True, "inlineData": {"mimeType": "image/png", "data": LONG}}

    assert cut({"candidates": [{"content": {"parts": [part]}}]}) == EventFacts(Content.REASONING)


def test_a_long_text_in_code_assists_wrapper() -> None:
    """Usage is found at any depth; what stands inside the text does not count."""
    text = 'he wrote "finishReason": "SAFETY", "usageMetadata": {} ' * 2000
    candidate = {"content": {"parts": [{"text": text}]}, "finishReason": 1}
    body = {"response": {"modelVersion": "gemini-2.5-pro", "candidates": [candidate], **SAID}}

    assert cut(body) == EventFacts(Content.VISIBLE, USAGE, ((0, "1"),), model="gemini-2.5-flash-image")


def test_a_model_named_first() -> None:
    """A model that stands at the beginning is found there."""
    body = {"modelVersion": "gemini-2.5-pro", "candidates": [{"content": {"parts": [{"text": LONG}]}}]}

    assert cut(body) == EventFacts(Content.VISIBLE, model="gemini-2.5-pro")
