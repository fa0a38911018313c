"""Applications that know nothing of midspan, as they were written, under `midspan run`.

They stand in `run/`, with the libraries of their time. Each is given a known load, and every unit of it is to
be one trace at a real receiver: none lost, none double, every span there and below the right one.
"""

from __future__ import annotations

import pytest

from compat_tests.integrations import _shops
from compat_tests.integrations._runs import newest

pytestmark = [pytest.mark.slow, pytest.mark.server]
MADE = 1_000


def held(played, made=MADE):
    """Fail, and show what the server said, unless each unit of the load is one trace, and a whole one."""
    assert ({played.shape: made}, 0) == (played.arrived.shapes, played.arrived.double), played.arrived.log
    return played.arrived


def test_opentracing_with_jaeger_client():
    """jaeger-client's Config makes a tracer, which is ours; flask-opentracing's span is the only one."""
    arrived = held(_shops.jaeger(MADE))
    assert 1 == arrived.log.count("the integration flask stands back: flask_opentracing")


def test_opencensus_with_its_extensions():
    """Those for Flask and requests make the spans; the integrations stand back, and say so once each."""
    log = held(_shops.opencensus(MADE)).log
    assert 1 == log.count("the integration flask stands back: opencensus.ext.flask")
    assert 1 == log.count("the integration requests stands back: opencensus.ext.requests")
    assert "failed" not in log


def test_django_with_postgresql_under_gunicorn(servers):
    """Two workers, forked; each sends its own."""
    assert 2 == held(_shops.django(MADE, servers, newest())).processes


def test_fastapi_under_uvicorn():
    """Two workers, spawned, that ask each other."""
    assert 2 == held(_shops.fastapi(MADE, newest())).processes


def test_a_celery_worker_on_redis(servers):
    """What sends the tasks is run likewise; what Celery itself asks of Redis is no trace."""
    assert 3 == held(_shops.celery(MADE, servers, newest())).processes


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_celery_worker_of_another_kind(servers, pool):
    """One process does all of the work, in its one thread or in several."""
    played = _shops.celery(100, servers, newest(), "-P", pool, number=12)
    assert 2 == held(played, 100).processes
