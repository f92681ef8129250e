"""Write the arguments of a tool call as the text a model generated for them."""

import orjson


def arguments_text(arguments: object) -> str:
    """Return a text as it is, an object or a list as compact JSON, "" for anything else."""
    if isinstance(arguments, str):
        return arguments
    if not isinstance(arguments, dict | list):
        return ""
    try:
        return orjson.dumps(arguments).decode()
    except orjson.JSONEncodeError:  # nested deeper than orjson writes
        return ""
