"""Run the services, send requests through them, show what they recorded, and judge it."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final

from midspan.demo._judge import Recorded, judge
from midspan.demo._services import SERVICES, Running, ServiceError
from midspan.exporters.console import render, render_metrics
from midspan.exporters.jsonl import SpanRecord, read, read_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["command"]

_REQUEST_TIMEOUT_S: Final = 20.0
_MAX_WIDTH: Final = 120


def command(argv: Sequence[str]) -> int:
    """Run services written for OpenTracing, OpenCensus and midspan; show their one trace and metrics."""
    options = _parse(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="midspan-demo-") as folder:
            recorded = _record(options, Path(folder))
    except (ServiceError, OSError) as trouble:
        print(f"midspan demo: {trouble}", file=sys.stderr)  # noqa: T201 - a command speaks
        return 1
    print(_picture(recorded, attributes=options.attributes))  # noqa: T201 - as above
    verdict = judge(recorded, SERVICES, options.requests)
    for line in verdict.lines:
        print(line)  # noqa: T201 - as above
    if options.exporter == "otlp" and verdict.is_good:
        print(f"All of it was accepted by {options.endpoint or 'the collector'}.")  # noqa: T201 - as above
    return 0 if verdict.is_good else 1


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="midspan demo", description=command.__doc__)
    parser.add_argument("--requests", type=_positive, default=1, help="how many to send (default: 1)")
    parser.add_argument("--attributes", action="store_true", help="show each span's attributes")
    parser.add_argument(
        "--exporter",
        choices=("console", "otlp"),
        default="console",
        help="otlp: send it all to a collector as well (default: console)",
    )
    parser.add_argument("--endpoint", help="of the collector, as OTEL_EXPORTER_OTLP_ENDPOINT has it")
    options = parser.parse_args(argv)
    if options.endpoint and options.exporter != "otlp":
        parser.error("--endpoint goes with --exporter otlp")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        message = f"{number} is less than 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _record(options: argparse.Namespace, folder: Path) -> Recorded:
    """Run the services for as long as the requests take; return what they recorded."""
    paths = [folder / f"{service.name}.jsonl" for service in SERVICES]
    with _running(paths, options) as url:
        for number in range(options.requests):
            _get(f"{url}/checkout/book-{number}")
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return Recorded(list(read(lines)), list(read_metrics(lines)))


def _get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=_REQUEST_TIMEOUT_S) as answer:  # noqa: S310 - our own service
        answer.read()


@contextlib.contextmanager
def _running(paths: list[Path], options: argparse.Namespace) -> Iterator[str]:
    """Start every service, yield the address of the first, and stop them all."""
    with contextlib.ExitStack() as stack:
        services = []
        for service, path in zip(SERVICES, paths, strict=True):
            running = Running(service, path, options.exporter, options.endpoint)
            stack.callback(running.kill)
            services.append(running)
        urls = {running.service.name: f"http://127.0.0.1:{running.port()}" for running in services}
        for running in services:
            running.begin({f"{name.upper()}_URL": url for name, url in urls.items()})
        yield urls[SERVICES[0].name]
        for running in services:
            running.stop()


def _picture(recorded: Recorded, *, attributes: bool) -> str:
    """Return the traces as trees, and below them the metrics as a table."""
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    width = min(shutil.get_terminal_size((100, 24)).columns, _MAX_WIDTH)
    ascii_only = not _speaks_unicode()
    trees = render(recorded.spans, width, color, attributes=attributes, ascii_only=ascii_only)
    # As the trees name them, so that a service has the same colour in the table.
    services = [
        str(span.resource.attributes["service.name"]) for span in sorted(recorded.spans, key=_start_ns)
    ]
    table = render_metrics(recorded.metrics, width, color, ascii_only=ascii_only, services=services)
    return f"{trees}\n{table}"


def _start_ns(span: SpanRecord) -> int:
    return span.start_ns


def _speaks_unicode() -> bool:
    try:
        "│█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
