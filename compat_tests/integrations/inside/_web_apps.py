"""The same application in each web framework, and a real server for each: what the edges are tried on."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager

from _served import over_asgi, over_wsgi

from midspan import trace

__all__ = ["APPS", "ROUTES", "Shop", "serving"]

TRACER = trace.get_tracer("shop")

# How each of them writes its routes.
ROUTES = {
    "django": {"users": "/users/<int:number>", "any": "/any/<path:rest>", "deep": "/outer/inner/<name>"},
    "flask": {"users": "/users/<int:number>", "any": "/any/<path:rest>", "deep": "/outer/inner/<name>"},
    "starlette": {"users": "/users/{number:int}", "any": "/any/{rest:path}", "deep": "/outer/inner/{name}"},
    "fastapi": {"users": "/users/{number}", "any": "/any/{rest:path}", "deep": "/outer/inner/{name}"},
}


class Shop(Exception):  # noqa: N818 - the name of the application's own
    """What nobody handles."""


def _parts(name):
    with TRACER.start_as_current_span(f"{name} begins"):
        yield "begun"
    if name == "cut":
        raise Shop
    yield from ["more"] * (10**6 if name == "endless" else 2)


async def _async_parts(name):
    for part in _parts(name):
        yield part
        await asyncio.sleep(0)


def _flask():
    import flask

    app = flask.Flask("shop")
    outer = flask.Blueprint("outer", "shop", url_prefix="/outer")

    @app.route("/users/<int:number>")
    def user(number):
        with TRACER.start_as_current_span(f"user {number}"):
            time.sleep(0.005)
        return f"user {number}"

    @app.route("/any/<path:rest>")
    def anything(rest):
        return repr([rest, flask.request.args.to_dict(), flask.request.headers.get("X-Odd")])

    @app.route("/stream/<name>")
    def stream(name):
        return flask.Response(_parts(name))

    @app.route("/broken")
    def broken():
        raise Shop

    @app.route("/handled")
    def handled():
        raise KeyError

    @outer.route("/inner/<name>")
    def inner(name):
        return name

    app.register_blueprint(outer)
    app.register_error_handler(KeyError, lambda _: ("no", 418))
    return app


def _starlette():
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Mount, Route

    async def user(request):
        number = request.path_params["number"]
        with TRACER.start_as_current_span(f"user {number}"):
            await asyncio.sleep(0.005)
        return PlainTextResponse(f"user {number}")

    def anything(request):
        told = [request.path_params["rest"], dict(request.query_params), request.headers.get("X-Odd")]
        return PlainTextResponse(repr(told))

    def stream(request):
        return StreamingResponse(_async_parts(request.path_params["name"]))

    def broken(_):
        raise Shop

    def handled(_):
        raise KeyError

    def inner(request):
        return PlainTextResponse(request.path_params["name"])

    def refuse(_, _error):
        return PlainTextResponse("no", 418)

    nested = Mount("/outer", routes=[Mount("/inner", routes=[Route("/{name}", inner)])])
    return Starlette(
        routes=[
            Route("/users/{number:int}", user),
            Route("/any/{rest:path}", anything),
            Route("/stream/{name}", stream),
            Route("/broken", broken),
            Route("/handled", handled),
            nested,
        ],
        exception_handlers={KeyError: refuse},
    )


def _fastapi():
    from fastapi import APIRouter, FastAPI, Request
    from fastapi.responses import PlainTextResponse, StreamingResponse

    app, outer, inner = FastAPI(), APIRouter(prefix="/outer"), APIRouter()

    async def user(number: int):
        with TRACER.start_as_current_span(f"user {number}"):
            await asyncio.sleep(0.005)
        return PlainTextResponse(f"user {number}")

    # No annotations: FastAPI would look their names up in the module.
    def anything(request):
        told = [request.path_params["rest"], dict(request.query_params), request.headers.get("X-Odd")]
        return PlainTextResponse(repr(told))

    anything.__annotations__ = {"request": Request}

    def broken():
        raise Shop

    def handled():
        raise KeyError

    app.add_api_route("/users/{number}", user)
    app.add_api_route("/any/{rest:path}", anything)
    app.add_api_route("/stream/{name}", lambda name: StreamingResponse(_async_parts(name)))
    app.add_api_route("/broken", broken)
    app.add_api_route("/handled", handled)
    inner.add_api_route("/inner/{name}", lambda name: PlainTextResponse(f"{name}"))
    outer.include_router(inner)
    app.include_router(outer)
    app.add_exception_handler(KeyError, lambda _, _error: PlainTextResponse("no", 418))
    return app


def _set_django_up():
    import django
    from django.conf import settings
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import include, path
    from django.views import View

    def user(_, number):
        with TRACER.start_as_current_span(f"user {number}"):
            time.sleep(0.005)
        return HttpResponse(f"user {number}")

    def anything(request, rest):
        return HttpResponse(repr([rest, request.GET.dict(), request.headers.get("X-Odd")]))

    def stream(request, name):
        is_async = hasattr(request, "scope") and django.VERSION >= (4, 2)
        return StreamingHttpResponse((_async_parts if is_async else _parts)(name))

    def broken(_):
        raise Shop

    class Inner(View):
        def get(self, _, name):
            return HttpResponse(name)

    def refusing(get_response):
        return lambda request: (
            HttpResponse("no", status=418) if "handled" in request.path else get_response(request)
        )

    globals()["refusing"] = refusing
    globals()["urlpatterns"] = [
        path("users/<int:number>", user),
        path("any/<path:rest>", anything),
        path("stream/<name>", stream),
        path("broken", broken),
        path("outer/", include([path("inner/<name>", Inner.as_view())])),
    ]
    if not settings.configured:
        middleware = [f"{__name__}.refusing"]
        settings.configure(
            ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="not a secret", MIDDLEWARE=middleware
        )
        django.setup()


def _django_wsgi():
    _set_django_up()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def _django_asgi():
    _set_django_up()
    from django.core.asgi import get_asgi_application

    return get_asgi_application()


# By name: the integration, whether it is WSGI, and what makes the application.
APPS = {
    "flask": ("flask", True, _flask),
    "django over wsgi": ("django", True, _django_wsgi),
    "django over asgi": ("django", False, _django_asgi),
    "starlette": ("starlette", False, _starlette),
    "fastapi": ("fastapi", False, _fastapi),
}


@contextmanager
def serving(app, *, is_wsgi):
    """Serve an application on a port of loopback, which the block gets; what it logs is not shown."""
    logging.disable(logging.CRITICAL)
    with (over_wsgi if is_wsgi else over_asgi)(app) as port:
        yield port
    logging.disable(logging.NOTSET)
