"""Import the app that `module:attribute` names."""

import importlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tokenpulse_reader.cli.failures import RefusedError

Application = Callable[[Any, Any, Any], Awaitable[None]]


def import_application(target: str) -> Application:
    """Return the ASGI app; the working directory is importable, as it is for `python -m`.

    Raises:
        RefusedError: the target is malformed, cannot be imported, or is not callable.
    """
    module_name, _, attributes = target.partition(":")
    if not module_name or not attributes:
        raise RefusedError(
            f"{target!r} does not name an app; expected module:attribute, as in myproject.main:app"
        )
    working_directory = str(Path.cwd())
    if working_directory not in sys.path:
        sys.path.insert(0, working_directory)
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        raise RefusedError(f"cannot import {module_name!r}: {error}") from error
    for name in attributes.split("."):
        if not hasattr(found, name):
            raise RefusedError(f"{module_name!r} is imported, but it has no {attributes!r}")
        found = getattr(found, name)
    if not callable(found):
        raise RefusedError(
            f"{target!r} is of type {type(found).__name__}, which cannot be called as an ASGI app"
        )
    application: Application = found
    return application
