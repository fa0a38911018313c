"""Count what arrives of each application's load, beside the peer: `python -m compat_tests.integrations`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from compat_tests._environments import environment, find_python
from compat_tests._scenarios._servers import Servers
from compat_tests.faults._figures import Figure, table
from compat_tests.integrations import _shops
from compat_tests.integrations._editions import EDITIONS
from compat_tests.integrations._runs import APPLICATIONS, newest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from compat_tests.integrations._shops import Played

MUST = "{made:,} traces, each whole"
PEER = ("opentelemetry-instrument",)
# Each side as its users have it, but that metrics are not what is counted.
DEFAULTS = {"OTEL_BSP_SCHEDULE_DELAY": "5000"}
# What the peer has to be told to send over HTTP.
OF_THE_PEER = {
    **DEFAULTS,
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_LOGS_EXPORTER": "none",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play every application and print the table; 1 if a trace of ours is missing, double or broken."""
    options = _options(arguments)
    servers = Servers()
    try:
        figures = [_figure(what, play, options) for what, play in _applications(servers).items()]
    finally:
        servers.close()
    print(table([("midspan run", figures)]))
    return int(any(figure.holds is False for figure in figures))


def _applications(servers: Servers) -> dict[str, Callable[..., Played]]:
    """Return what plays each application; the legacy ones have no peer that leaves their code as it is."""
    return {
        "OpenTracing, jaeger-client's Config": lambda made, **_: _shops.jaeger(made),
        "OpenCensus with its extensions": lambda made, **_: _shops.opencensus(made),
        "Django, PostgreSQL, gunicorn with 2 workers": lambda made, **how: _shops.django(
            made, servers, **how
        ),
        "FastAPI, uvicorn with 2 workers": _shops.fastapi,
        "Celery, 2 processes, Redis": lambda made, **how: _shops.celery(made, servers, **how),
    }


def _figure(what: str, play: Callable[..., Played], options: argparse.Namespace) -> Figure:
    print(f"{what} ...", file=sys.stderr, flush=True)
    made = options.made
    ours = play(made, python=newest(), variables=DEFAULTS)
    found = Figure(what, MUST.format(made=made), _told(ours, made), _is_whole(ours, made))
    if options.alone or what.startswith("Open"):
        return found
    python = _python_of_the_peer()
    # It knows the programs of an environment that has been activated.
    variables = {**OF_THE_PEER, "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]])}
    peers = play(made, python=python, under=PEER, variables=variables)
    return found._replace(peers=_told(peers, made))


def _is_whole(played: Played, made: int) -> bool:
    return ({played.shape: made}, 0) == (played.arrived.shapes, played.arrived.double)


def _told(played: Played, made: int) -> str:
    """Tell of the shape that most spans belong to, of all other traces, and of spans that came twice."""
    shapes, double = played.arrived.shapes, played.arrived.double
    most = max(shapes, key=lambda shape: shapes[shape] * len(shape), default=())
    others = sum(shapes.values()) - shapes[most]
    told = f"{shapes[most]:,} of {made:,} alike, of {len(most)} spans"
    return told + f", {others:,} other traces" * bool(others) + f", {double:,} spans twice" * bool(double)


def _python_of_the_peer() -> Path:
    requirements = APPLICATIONS / "requirements-peer.txt"
    python = find_python(EDITIONS[-1].python)
    assert python is not None
    return environment(requirements, name="run-peer", python=python, with_midspan=False)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.integrations", description=__doc__)
    parser.add_argument("--made", type=int, default=1_000, help="requests to each application (%(default)s)")
    parser.add_argument("--alone", action="store_true", help="leave the peer out")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
