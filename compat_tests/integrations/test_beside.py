"""An application that has a legacy instrumentation, and an integration that is on: one span a request.

The applications stand in `beside/`. Each is run in the environment in which the bridge is tried on the same
legacy library, unmodified from PyPI.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from compat_tests._environments import ROOT, environment, find_python
from compat_tests.integrations._editions import HERE

OPENTRACING = ("opentracing", "libraries-opentracing24", "requirements-opentracing24.txt")
OPENTRACING20 = ("opentracing", "libraries-opentracing20", "requirements-opentracing20.txt")
TORNADO5 = ("opentracing", "libraries-tornado5", "requirements-tornado5.txt")
STORES = ("opencensus", "opencensus-libraries-stores", "requirements-stores.txt")
OPENCENSUS = ("opencensus", "opencensus-libraries-web", "requirements-web.txt")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interface", "legacy", "said"),
    [
        (OPENTRACING, "django_opentracing", "django stands back: django_opentracing"),
        (OPENTRACING, "starlette_opentracing", "starlette stands back: starlette_opentracing"),
        (OPENTRACING, "celery_opentracing", "celery stands back: celery_opentracing.tracing"),
        (TORNADO5, "opentracing_instrumentation_celery", "celery stands back: opentracing_instrumentation"),
        (OPENTRACING20, "redis_opentracing", "redis stands back: redis_opentracing"),
        (OPENTRACING20, "sqlalchemy_opentracing", "sqlalchemy stands back: sqlalchemy_opentracing"),
        (OPENTRACING, "grpcio_opentracing_client", "grpc stands back: grpc_opentracing._client"),
        (OPENTRACING, "grpcio_opentracing_server", "grpc stands back: grpc_opentracing.grpcext"),
        (
            OPENCENSUS,
            "opencensus_ext_grpc_client",
            "grpc stands back: opencensus.ext.grpc.client_interceptor",
        ),
        (
            OPENCENSUS,
            "opencensus_ext_grpc_server",
            "grpc stands back: opencensus.ext.grpc.server_interceptor",
        ),
        (OPENCENSUS, "opencensus_ext_django", "django stands back: opencensus.ext.django.middleware"),
        (OPENCENSUS, "opencensus_ext_requests", "requests stands back: opencensus.ext.requests"),
        (OPENCENSUS, "opencensus_ext_fastapi", "fastapi stands back: opencensus.ext.fastapi"),
    ],
    ids=lambda value: value if "_" in value else "",
)
def test_an_integration_stands_back(interface, legacy, said):
    """The legacy library makes the span of each request, through the bridge; that is said once."""
    told = told_by(interface, legacy)
    assert [f"midspan.bridges.{interface[0]}"] * 2 == told["scopes"]
    assert [True] == [said in line for line in told["said"]]


@pytest.mark.slow
@pytest.mark.server
def test_the_integration_of_pymongo_stands_back(servers):
    """As above, with a server that answers."""
    told = told_by(STORES, "opencensus_ext_pymongo", MIDSPAN_TEST_MONGODB=str(servers.port("mongodb")))
    assert ["midspan.bridges.opencensus"] * 2 == told["scopes"]
    assert [True] == ["pymongo stands back: opencensus.ext.pymongo" in line for line in told["said"]]


def told_by(interface, legacy, **variables):
    """Run the application that has the legacy library, and return what it tells of itself."""
    bridge, name, pins = interface
    python = find_python("3.11")
    if python is None:
        pytest.skip("CPython 3.11 is not installed")
    requirements = ROOT / "compat_tests" / bridge / "libraries" / pins
    command = [str(environment(requirements, name=name, python=python)), f"beside/use_{legacy}.py"]
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_an_extension_without_a_tracer_leaves_nothing_unrecorded():
    """opencensus-ext-requests makes no span where nobody made a tracer: the integration does."""
    told = told_by(OPENCENSUS, "opencensus_ext_requests_idle")
    assert (["midspan.integrations.requests"] * 2, []) == (told["scopes"], told["said"])
