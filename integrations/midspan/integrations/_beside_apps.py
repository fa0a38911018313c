"""Find the legacy extension of an application that `wsgi` or `asgi` is put around."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["recorded_by"]

_ROOTS: Final = frozenset(
    (
        "django_opentracing",
        "flask_opentracing",
        "opencensus.ext",
        "opentracing_utils",
        "pyramid_opentracing",
        "starlette_opentracing",
    )
)
_LEGACY: Final = tuple(f"{root}." for root in sorted(_ROOTS))


def recorded_by(application: object) -> str | None:
    """Return what makes a span of each request already, by its module; None if there is nothing to be found.

    Found are extensions of Flask and Pyramid, and middlewares of Django, Starlette and FastAPI; not where
    something else stands between us and the application.
    """
    if sys.modules.keys().isdisjoint(_ROOTS):
        return None
    # A method, where it was put around `app.wsgi_app`.
    application = getattr(application, "__self__", application)
    try:
        for find in (_of_flask, _of_starlette, _of_pyramid, _of_django):
            for name in find(application):
                if name.startswith(_LEGACY):
                    return name
    except Exception as error:  # noqa: BLE001 - what is no such application may have anything by these names
        _trouble.report("integration.beside", "no legacy extension is looked for", error=error)
    return None


def _of_flask(application: Any) -> Iterator[str]:  # noqa: ANN401 - any application
    for functions in getattr(application, "before_request_funcs", {}).values():
        for function in functions:
            yield getattr(function, "__module__", None) or ""


def _of_starlette(application: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    for middleware in getattr(application, "user_middleware", ()):
        yield getattr(getattr(middleware, "cls", None), "__module__", None) or ""


def _of_pyramid(application: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    interfaces: Any = sys.modules.get("pyramid.interfaces")
    registry = getattr(application, "registry", None)
    tweens = None if interfaces is None or registry is None else registry.queryUtility(interfaces.ITweens)
    if tweens is not None:
        for name, _ in tweens.explicit or tweens.implicit():
            yield name


def _of_django(application: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    if type(application).__module__.startswith("django.core.handlers."):
        from django.conf import settings  # noqa: PLC0415 - it serves: it is here

        yield from settings.MIDDLEWARE if getattr(settings, "OPENTRACING_TRACE_ALL", True) else ()
