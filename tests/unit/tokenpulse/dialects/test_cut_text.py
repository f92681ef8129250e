"""The generated text at the beginning of an event too long to keep."""

from tokenpulse.dialects.cut_text import first_text, text_pattern

PATTERN = text_pattern("text", "partial_json")


def test_first_text_of_a_cut_event() -> None:
    """The first of the keys with a text that is not empty tells key and text, cut where the bytes are."""
    head = b'{"type":"x","text":"","delta":{"type":"text_delta", "partial_json" : "{\\"a'

    assert first_text(head, PATTERN) == ("partial_json", "{\\")
    assert first_text(b'{"text":"caf\xc3', PATTERN) == ("text", "caf\ufffd")


def test_no_text() -> None:
    """Empty texts, other keys, values that are no text are passed over."""
    assert first_text(b'{"text":"","title":"a","partial_json":7,"input_text":"a"}', PATTERN) is None
