"""Label a request by the template of its route, never by its raw path."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

UNMATCHED: Final = "__unmatched__"
OTHER_METHOD: Final = "OTHER"
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"))
_REST: Final = "/{path}"
"""How the template of a Starlette `Mount` ends: what it stands for is the mounted app's."""

_MAX_WRAPPERS: Final = 32
"""Most middlewares looked through for a mounted app's routes."""


def method_label(method: object) -> str:
    """Return a known HTTP method, `OTHER` for any other."""
    return method if isinstance(method, str) and method in _METHODS else OTHER_METHOD


def route_template(scope: Mapping[str, Any]) -> str | None:
    """Return the template of the route that served a request, None while the framework named none.

    Read it after the app ran: Starlette (1.7 and later) and FastAPI put `route` into the scope they route.
    What mounts have taken of the path is told by their templates: `/tenants/{tenant}/items/{id}`; a prefix that
    a proxy strips (`root_path`) is no part of it.
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
    if _is_mount(route):  # no route inside it served the request
        template = _REST
    mounted = root_path.removeprefix(app_root_path)
    if mounted:
        mounted = _mounts(getattr(scope.get("router"), "routes", ()), mounted)
    return mounted + template or "/"


def _is_mount(route: object) -> bool:
    """Tell whether a route hands a request on to another app; Starlette's `Mount` and `Host` do."""
    return hasattr(route, "app") and not hasattr(route, "endpoint")


def _mounts(routes: Iterable[object], path: str) -> str:
    """Return the templates of the mounts that took a path; `/{path}` for what no known mount took.

    Routers serve by the first mount that matches, so that one is the one that served.
    """
    template = ""
    while path:
        found = _first_mount(routes, path)
        if found is None:
            return template + _REST
        mount, path = found
        template += str(mount.path_format).removesuffix(_REST)
        routes = _routes_inside(mount)
    return template


def _first_mount(routes: Iterable[object], path: str) -> tuple[Any, str] | None:
    """Return the mount that takes the beginning of a path, with the rest of the path; None without one."""
    for route in routes:
        if not _is_mount(route):
            continue
        if hasattr(route, "host_format"):  # a `Host` takes nothing of the path
            found = _first_mount(_routes_inside(route), path)
            if found is not None:
                return found
        elif isinstance(regex := getattr(route, "path_regex", None), re.Pattern):
            match = regex.match(path + "/")
            if match is not None:
                return route, ("/" + match.groupdict().get("path", "")).rstrip("/")
    return None


def _routes_inside(mount: object) -> Iterable[object]:
    """Return the routes of a mounted app, also of one inside middlewares that keep it as `app`."""
    app = mount
    for _ in range(_MAX_WRAPPERS):
        routes: Iterable[object] = getattr(app, "routes", ())
        if routes:
            return routes
        app = getattr(app, "app", None)
    return ()
