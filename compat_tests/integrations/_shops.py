"""The applications of their time: how each is started, and the shape of every trace of its load."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from compat_tests.integrations._runs import (
    GUNICORN_CONF,
    Arrived,
    of_its_time,
    served,
    worked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from compat_tests._scenarios._servers import Servers

__all__ = ["Played", "celery", "django", "fastapi", "jaeger", "opencensus"]


class Played(NamedTuple):
    """What became of an application's load, and the one shape that all of its traces should have."""

    shape: tuple[str, ...]
    arrived: Arrived


def jaeger(made: int) -> Played:
    """OpenTracing on jaeger-client's Config, with flask-opentracing and a database."""
    python = of_its_time(
        "run-jaeger", "opentracing/jaeger/requirements.txt", "integrations/run/requirements-jaeger.txt"
    )
    shape = ("SELECT < charge < order", "charge < order", "order")
    return Played(shape, served(python, ["python", "jaeger_shop.py", "PORT"], made))


def opencensus(made: int) -> Played:
    """OpenCensus with its extensions for Flask and requests."""
    python = of_its_time("opencensus-libraries-web", "opencensus/libraries/requirements-web.txt")
    shape = (
        "/stock < charge < [GET]/N",
        "[GET]/N",
        "[GET]/stock < /stock < charge < [GET]/N",
        "charge < [GET]/N",
    )
    return Played(shape, served(python, ["python", "opencensus_shop.py", "PORT"], made))


def django(made: int, servers: Servers, python: Path, **how: object) -> Played:
    """Django with PostgreSQL under gunicorn with two forked workers."""
    command = ["gunicorn", "django_shop:application", "-b", "127.0.0.1:PORT", "-w", "2"]
    command += ["-c", str(GUNICORN_CONF), "--log-level", "info"]
    # The peer reads the settings before the application can say where they are.
    told = {"SHOP_POSTGRES": str(servers.port("postgres")), "DJANGO_SETTINGS_MODULE": "django_settings"}
    arrived = served(python, command, made, **_with(told, how))
    # It asks the server for more when it connects.
    shapes: Counter[tuple[str, ...]] = Counter()
    for paths, count in arrived.shapes.items():
        shapes[tuple(dict.fromkeys(paths))] += count
    return Played(("GET /<int:number>", "SELECT < GET /<int:number>"), arrived._replace(shapes=shapes))


def fastapi(made: int, python: Path, **how: object) -> Played:
    """FastAPI under uvicorn with two spawned workers that ask each other."""
    command = ["uvicorn", "fastapi_shop:app", "--port", "PORT", "--workers", "2", "--log-level", "warning"]
    order = "GET /{number:int}"
    shape = (f"GET /stock < GET < {order}", order, f"GET < {order}")
    return Played(shape, served(python, command, made, **_with({}, how)))


def celery(
    made: int, servers: Servers, python: Path, *options: str, number: int = 11, **how: object
) -> Played:
    """A Celery worker on Redis, in whose database `number` nobody else's tasks are."""
    broker = {"SHOP_BROKER": f"redis://127.0.0.1:{servers.port('redis')}/{number}"}
    send, process = "send shop.order", "process shop.order"
    shape = (f"SELECT < {process} < {send}", f"{process} < {send}", send)
    return Played(shape, worked(python, options or ("-P", "prefork", "-c", "2"), made, **_with(broker, how)))


def _with(variables: Mapping[str, str], how: Mapping[str, object]) -> dict[str, object]:
    given = how.get("variables") or {}
    return {**how, "variables": {**variables, **given}}
