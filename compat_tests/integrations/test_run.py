"""Applications that know nothing of midspan, as they were written, under `midspan run`.

They stand in `run/`, with the libraries of their time. Each is given a known load, and every unit of it is to
be one trace at a real receiver: none lost, none double, every span there and below the right one.
"""

from __future__ import annotations

import re
import signal
from collections import Counter

import pytest

from compat_tests._environments import ROOT, environment, find_python
from compat_tests.faults._collector import free_port
from compat_tests.integrations._editions import EDITIONS, HERE
from compat_tests.life._receiver import Receiver
from compat_tests.life._servers import Server, ask, is_settled, listens

pytestmark = [pytest.mark.slow, pytest.mark.server]
MADE = 1_000
# What arrives does because somebody saw to it at the end.
PATIENT = {"OTEL_BSP_SCHEDULE_DELAY": "3600000", "OTEL_METRICS_EXPORTER": "none"}
GUNICORN_CONF = ROOT / "compat_tests" / "life" / "inside" / "gunicorn_conf.py"


def newest():
    """Return the interpreter that has the newest libraries."""
    return EDITIONS[-1].interpreter()


def of_its_time(name, *requirements):
    """Return the interpreter of an environment for a legacy application."""
    python = find_python("3.11")
    if python is None:
        pytest.skip("CPython 3.11 is not installed")
    return environment([ROOT / "compat_tests" / each for each in requirements], name=name, python=python)


def traces(spans):
    """Return how often each shape of trace is there: its spans by name, each below its parent."""
    by_id = {span.span_id: span for span in spans}
    found = {}
    for each in spans:
        span = each
        path = [_name(span)]
        while span.parent_span_id in by_id:
            span = by_id[span.parent_span_id]
            path.append(_name(span))
        if span.parent_span_id:
            path.append("(lost)")
        found.setdefault(each.trace_id, []).append(" < ".join(path))
    return Counter(tuple(sorted(paths)) for paths in found.values())


def _name(span):
    """Return a span's name without what differs: OpenCensus's has the whole URL."""
    return re.sub(r"/\d+$", "/N", re.sub(r"http://127.0.0.1:\d+", "", span.name))


def arrived(receiver):
    """Return the shapes of all traces, once it is sure that each span came once."""
    assert (0, []) == (receiver.duplicates, receiver.corrupt)
    return traces(receiver.spans)


def served(python, command, variables=None):
    """Give a web server its load, end it, and return what arrived, and what the server said."""
    port = free_port()
    words = ["midspan", "run", *(word.replace("PORT", str(port)) for word in command)]
    told = {**PATIENT, "SHOP_PORT": str(port), **(variables or {})}
    with Receiver() as receiver, Server(words, receiver, told, python=python, folder=HERE / "run") as server:
        server.wait_until(lambda: listens(port))
        ask(port, MADE)
        server.wait_until(lambda: is_settled(server.log()))
        server.stop(signal.SIGTERM)
        return arrived(receiver), server.log()


def test_opentracing_with_jaeger_client():
    """jaeger-client's Config makes a tracer, which is ours; flask-opentracing's span is the only one."""
    python = of_its_time(
        "run-jaeger", "opentracing/jaeger/requirements.txt", "integrations/run/requirements-jaeger.txt"
    )
    found, log = served(python, ["python", "jaeger_shop.py", "PORT"])
    assert {("SELECT < charge < order", "charge < order", "order"): MADE} == found, log
    assert 1 == log.count("the integration flask stands back: flask_opentracing")


def test_opencensus_with_its_extensions():
    """Those for Flask and requests make the spans; the integrations stand back, and say so once each."""
    python = of_its_time("opencensus-libraries-web", "opencensus/libraries/requirements-web.txt")
    found, log = served(python, ["python", "opencensus_shop.py", "PORT"])
    shape = (
        "/stock < charge < [GET]/N",
        "[GET]/N",
        "[GET]/stock < /stock < charge < [GET]/N",
        "charge < [GET]/N",
    )
    assert {shape: MADE} == found, log
    assert 1 == log.count("the integration flask stands back: opencensus.ext.flask")
    assert 1 == log.count("the integration requests stands back: opencensus.ext.requests")
    assert "failed" not in log


def test_django_with_postgresql_under_gunicorn(servers):
    """Two workers, forked; each asks the server for more when it connects."""
    command = ["gunicorn", "django_shop:application", "-b", "127.0.0.1:PORT", "-w", "2"]
    found, log = served(
        newest(),
        [*command, "-c", str(GUNICORN_CONF), "--log-level", "info"],
        {"SHOP_POSTGRES": str(servers.port("postgres"))},
    )
    shapes = Counter()
    for paths, count in found.items():
        shapes[tuple(dict.fromkeys(paths))] += count
    assert {("GET /<int:number>", "SELECT < GET /<int:number>"): MADE} == shapes, log


def test_fastapi_under_uvicorn():
    """Two workers, spawned, that ask each other."""
    command = ["uvicorn", "fastapi_shop:app", "--port", "PORT", "--workers", "2", "--log-level", "warning"]
    found, log = served(newest(), command)
    order = "GET /{number:int}"
    assert {(f"GET /stock < GET < {order}", order, f"GET < {order}"): MADE} == found, log


def test_a_celery_worker_on_redis(servers):
    """What sends the tasks is run likewise; what Celery itself asks of Redis is no trace."""
    variables = {**PATIENT, "SHOP_BROKER": f"redis://127.0.0.1:{servers.port('redis')}/11"}
    worker = ["celery", "-A", "celery_shop", "worker", "-P", "prefork", "-c", "2", "-l", "INFO"]
    commands = (["python", "celery_shop.py", str(MADE)], [*worker, "--without-mingle"])
    ends = (
        lambda server: server.process.poll() is not None,
        lambda server: server.log().count("succeeded in") >= MADE,
    )
    with Receiver() as receiver:
        for command, is_done in zip(commands, ends, strict=True):
            words = ["midspan", "run", *command]
            with Server(words, receiver, variables, python=newest(), folder=HERE / "run") as server:
                server.wait_until(lambda: is_done(server))  # noqa: B023 - called at once
                server.stop(signal.SIGTERM)
                log = server.log()
        found = arrived(receiver)
    send, process = "send shop.order", "process shop.order"
    shape = (f"SELECT < {process} < {send}", f"{process} < {send}", send)
    assert {shape: MADE} == found, log
