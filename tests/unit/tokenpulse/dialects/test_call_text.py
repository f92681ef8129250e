"""Arguments of a call are text, whichever shape they come in."""

from tokenpulse.dialects.call_text import arguments_text


def test_arguments() -> None:
    """A text stays, an object becomes compact JSON, anything else is nothing."""
    assert arguments_text('{"a": 1}') == '{"a": 1}'
    assert arguments_text({"a": [1, "é"]}) == '{"a":[1,"é"]}'
    assert arguments_text([1]) == "[1]"
    assert arguments_text(7) == ""
    assert arguments_text(None) == ""


def test_arguments_nested_too_deep() -> None:
    """What is nested too deep to be written counts as nothing."""
    nested: list[object] = []
    for _ in range(1000):
        nested = [nested]

    assert arguments_text(nested) == ""
