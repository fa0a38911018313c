"""Record what Starlette's applications serve: what `starlette` and `fastapi` share.

An application of FastAPI is one of Starlette's, and so are its routes. Therefore the functions are patched
once, whichever of the two asks, and a request is recorded as its application was told, else as its class was.
"""

from __future__ import annotations

import sys
import threading
import weakref
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations._asgi import ASGIPolicy, exchange_of, leave_out, serve
from midspan.integrations._beside import stands_back
from midspan.integrations._http import server_settings
from midspan.integrations._patches import Patches

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.applications import Starlette
    from starlette.routing import Mount, Route, WebSocketRoute

    from midspan.integrations._asgi import Receive, Scope, Send
    from midspan.integrations._http import ServerOptions

__all__ = ["forget", "record"]

_LEGACY: Final = ("opencensus.ext.fastapi", "starlette_opentracing")


class _Policy(ASGIPolicy):
    """How the requests of some applications are recorded, and for which of the two integrations."""

    __slots__ = ("__weakref__", "name")

    def __init__(self, name: str, options: ServerOptions) -> None:
        super().__init__(f"midspan.integrations.{name}", server_settings(name, options))
        self.name = name


_lock: Final = threading.Lock()
_patches = Patches()
_of_classes: Final[dict[type, _Policy]] = {}
# Those of single applications, which hold them under this name: gone when the application is gone.
_of_applications: Final[weakref.WeakSet[_Policy]] = weakref.WeakSet()
_HELD_AS: Final = "_midspan_policy"


def record(name: str, target: Starlette | type[Starlette], options: ServerOptions) -> None:
    """Record the requests of one application, or of all of a class, for the integration `name`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    policy = _Policy(name, options)
    with _lock:
        if isinstance(target, type):
            _of_classes[target] = policy
        else:
            vars(target)[_HELD_AS] = policy
            _of_applications.add(policy)
        _renew()


def forget(name: str, application: Starlette | None) -> None:
    """Take back what was done to one application, or without one, what `name` did to a class."""
    with _lock:
        if application is not None:
            policy = vars(application).pop(_HELD_AS, None)
            if policy is not None:
                _of_applications.discard(policy)
        else:
            for kind in [kind for kind, policy in _of_classes.items() if policy.name == name]:
                del _of_classes[kind]
        _renew()


def _renew() -> None:
    global _patches  # noqa: PLW0603 - one state for the one library
    _patches.undo()
    if _of_classes or _of_applications:
        _patches = _put()


def _put() -> Patches:
    from starlette.applications import Starlette  # noqa: PLC0415 - only who instruments it must have it
    from starlette.routing import Mount, Route, WebSocketRoute  # noqa: PLC0415 - as above

    patches = Patches()
    patches.around(Starlette, "__call__", _serving(patches))
    patches.around(Route, "handle", _routing(patches))
    patches.around(WebSocketRoute, "handle", _routing(patches))
    patches.around(Mount, "handle", _mounting(patches))
    # FastAPI's applications need its module; those of Starlette alone do not. It may be on its way, too.
    route_of_fastapi = getattr(sys.modules.get("fastapi.routing"), "APIRoute", None)
    if route_of_fastapi is not None and "handle" in vars(route_of_fastapi):
        patches.around(route_of_fastapi, "handle", _including(patches))
    return patches


def _serving(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        # Servers ask whether this is a coroutine function: so they know the version of ASGI.
        @wraps(native)
        async def __call__(self: Starlette, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: N807 - the patched name
            policy = _policy_of(self) if patches.on else None
            if policy is None:
                await native(self, scope, receive, send)
                return
            legacy = _legacy_middleware(self)
            if legacy is not None and stands_back(policy.name, legacy):
                leave_out(scope)
            await serve(policy, native.__get__(self), scope, receive, send)

        return __call__

    return around


def _policy_of(application: Starlette) -> _Policy | None:
    policy: _Policy | None = getattr(application, _HELD_AS, None)
    if policy is None:
        for kind in type(application).__mro__:
            if kind in _of_classes:
                return _of_classes[kind]
    return policy


def _legacy_middleware(application: Starlette) -> str | None:
    """Return the module of a legacy middleware that makes a span of each request; None if there is none."""
    for middleware in application.user_middleware:
        module = getattr(getattr(middleware, "cls", None), "__module__", None) or ""
        if module.startswith(_LEGACY):
            return module
    return None


def _routing(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def handle(
            self: Route | WebSocketRoute, scope: Scope, receive: Receive, send: Send
        ) -> Coroutine[Any, Any, None]:
            if patches.on:
                _tell_route(scope, getattr(self, "path", None))
            coroutine: Coroutine[Any, Any, None] = native(self, scope, receive, send)
            return coroutine

        return handle

    return around


def _mounting(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def handle(self: Mount, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
            exchange = exchange_of(scope) if patches.on else None
            if exchange is not None:
                # Of what has no routes of its own, static files say, this is all that can be told.
                if not self.routes:
                    exchange.routed(getattr(self, "path", "") + "/{path:path}")
                exchange.mounted(getattr(self, "path", ""))
            coroutine: Coroutine[Any, Any, None] = native(self, scope, receive, send)
            return coroutine

        return handle

    return around


def _including(patches: Patches) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def handle(self: Any, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:  # noqa: ANN401 - an APIRoute
            # In newer versions, the route of an included router stays as it was written. Its whole path is
            # what the including router leaves in the scope, and no function of Starlette's is called with it.
            state = scope.get("fastapi") if patches.on else None
            included = state.get("effective_route_context") if isinstance(state, dict) else None
            if getattr(included, "original_route", None) is self:
                _tell_route(scope, getattr(included, "path", None))
            coroutine: Coroutine[Any, Any, None] = native(self, scope, receive, send)
            return coroutine

        return handle

    return around


def _tell_route(scope: Scope, template: str | None) -> None:
    exchange = exchange_of(scope)
    if exchange is not None:
        # A class of the application's own may be a route without a path.
        exchange.routed(template)
