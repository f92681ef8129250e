"""Label a request by the template of its route, never by its raw path."""

from collections.abc import Mapping
from typing import Any, Final

UNMATCHED: Final = "__unmatched__"
OTHER_METHOD: Final = "OTHER"
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"))


def method_label(method: object) -> str:
    """Return a known HTTP method, `OTHER` for any other."""
    return method if isinstance(method, str) and method in _METHODS else OTHER_METHOD


def route_template(scope: Mapping[str, Any]) -> str | None:
    """Return the template of the route that served a request, None while the framework named none.

    Read it after the app ran: Starlette (1.7 and later) and FastAPI put `route` into the scope they route.
    Values of a Mount's parameters are replaced by their names: `/tenants/{tenant}/items/{id}`.
    """
    route = scope.get("route")
    template = getattr(route, "path_format", None)
    if not isinstance(template, str):
        return None
    root_path = scope.get("root_path", "")
    if root_path == "":  # nearly every request: nothing is mounted
        return template or "/"
    app_root_path = scope.get("app_root_path", root_path)
    if not isinstance(root_path, str) or not isinstance(app_root_path, str):
        return None
    mounted = root_path.removeprefix(app_root_path)
    if mounted:
        mounted = _with_names(mounted, scope.get("path_params"), template)
    return mounted + template or "/"


def _with_names(mounted: str, parameters: object, template: str) -> str:
    """Return a mounted path with raw values replaced by `{name}`, segment by segment."""
    if not isinstance(parameters, Mapping):
        return mounted
    names = {str(value): f"{{{name}}}" for name, value in parameters.items() if f"{{{name}}}" not in template}
    if not names:
        return mounted
    return "/".join(names.get(segment, segment) for segment in mounted.split("/"))
