"""opentracing-instrumentation: a WSGI service; hooks for requests, urllib, Redis, SQLAlchemy and DB-API."""

from __future__ import annotations

import sqlite3
import urllib.request
from typing import TYPE_CHECKING, Any

import _tornado5  # noqa: F401 - the library imports tornado
import redis
import requests
import sqlalchemy
from _http import call, serving_wsgi
from opentracing_instrumentation import client_hooks, get_current_span, span_in_context, traced_function
from opentracing_instrumentation.client_hooks._dbapi2 import ConnectionFactory
from opentracing_instrumentation.http_server import WSGIRequestWrapper, before_request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _stage import Stage

GIVES = """
caller
  GET [server]
    GET [client]
      GET [server]
        redis:SETEX [client]
        SQL SELECT [client]
        sqlite3:connect [client]
        sqlite3:SELECT [client]
        redis:GET [client]
    GET [client]
      GET [server]
        redis:SETEX [client]
        SQL SELECT [client]
        sqlite3:connect [client]
        sqlite3:SELECT [client]
        redis:GET [client]
outer
  inner
  inner
outer error
  inner error
page
  only_within
"""
_HOOKS = [
    f"opentracing_instrumentation.client_hooks.{name}.install_patches"
    for name in ("requests", "urllib", "strict_redis", "sqlalchemy")
]


def play(stage: Stage) -> None:
    """Use the library over the tracer on the stage."""
    stage.install()
    stage.mask(rf"\b{stage.ports['redis']}\b", "PORT")
    stage.hide("peer.port")
    client_hooks.install_patches(_HOOKS)

    def front() -> str:
        stage.note("baggage", get_current_span().get_baggage_item("tenant"))
        stage.note("the request's span is active", get_current_span() is stage.tracer.active_span)
        with urllib.request.urlopen(f"{back_url}/work", timeout=10) as answer:
            return answer.read().decode() + requests.get(f"{back_url}/work", timeout=10).text

    with serving_wsgi(_traced(stage, _work(stage))) as back_url, serving_wsgi(_traced(stage, front)) as url:
        stage.note("answer", call(stage, f"{url}/page?x=1"))
    _play_functions(stage)
    stage.note("still active", stage.tracer.active_span is not None)


def _traced(stage: Stage, answer: Any) -> Any:
    """Wrap a service as the library's documentation does."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        span = before_request(WSGIRequestWrapper.from_wsgi_environ(environ), stage.tracer)
        with span, span_in_context(span):
            start_response("200 OK", [])
            return [answer().encode()]

    return app


def _work(stage: Stage) -> Any:
    engine = sqlalchemy.create_engine("sqlite://")
    connect = ConnectionFactory(sqlite3.connect, "sqlite3")

    def work() -> str:
        client = redis.StrictRedis(port=stage.ports["redis"])
        client.setex("thing", 60, "1")
        with engine.connect() as connection:
            one = connection.execute(sqlalchemy.text("SELECT 1")).scalar()
        cursor = connect(":memory:").cursor()
        cursor.execute("SELECT ?", (2,))
        return f"{client.get('thing').decode()}{one}{cursor.fetchone()[0]}"

    return work


def _play_functions(stage: Stage) -> None:
    @traced_function(name="outer", on_start=lambda span, *args, **kwargs: span.set_tag("args", len(args)))
    def outer(n: int) -> int:
        return inner(n) + inner(n)

    @traced_function
    def inner(n: int) -> int:
        return 10 // n

    @traced_function(require_active_trace=True)
    def only_within() -> None:
        stage.note("active", stage.tracer.active_span is not None)

    only_within()
    stage.note("sum", outer(2))
    try:
        outer(0)
    except ZeroDivisionError as error:
        stage.note("raised", str(error))
    with stage.tracer.start_active_span("page"):
        only_within()
