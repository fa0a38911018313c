"""midspan doctor, run as a person runs it: against a receiver that nobody here wrote, and inside uWSGI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from compat_tests.exporters.conftest import free_port, running
from compat_tests.exporters.test_otlp import as_id, spans_in
from compat_tests.exporters.test_otlp_metrics import metrics_in
from compat_tests.life._servers import python_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.server, pytest.mark.slow]

IN_UWSGI = """
import contextlib, io
from midspan.cli import main

def application(environ, start_response):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        main(["doctor", "--json"])
    start_response("200 OK", [])
    return [said.getvalue().encode()]
"""


def doctor(*words: str, **variables: str) -> tuple[int, dict[str, Any]]:
    """Run the command in a process of its own; return its exit code and its document."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "MIDSPAN_"))}
    command = [sys.executable, "-m", "midspan.cli", "doctor", "--json", *words]
    environment = {**clean, "OTEL_SERVICE_NAME": "shop", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_the_test_agent_gets_the_span_and_the_metric(test_agent, protocol):
    """The trace that the report names is the one that arrives."""
    code, told = doctor(OTEL_EXPORTER_OTLP_ENDPOINT=test_agent.url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    (span,) = spans_in(test_agent.ask("traces"))
    names = set(metrics_in(test_agent.ask("metrics")))
    assert (0, told["trace_id"], "midspan doctor") == (code, as_id(span["traceId"], 32), span["name"])
    assert "midspan.doctor.runs" in names


def test_a_path_that_the_test_agent_does_not_have_is_told(test_agent):
    """Real servers word their refusals in their own way; the status is what counts."""
    code, told = doctor(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=test_agent.url, OTEL_METRICS_EXPORTER="none")
    (finding,) = [each for each in told["findings"] if each["level"] == "trouble"]
    assert (1, True) == (code, "its path is usually /v1/traces" in finding["remedy"])


def test_inside_uwsgi_its_threads_are_told_of(test_agent, tmp_path: Path):
    """A worker's answer to a request: what was sent has arrived from there, too."""
    (tmp_path / "app.py").write_text(IN_UWSGI)
    port = free_port()
    # The doctor knows no variable of the checks' own.
    command = [
        "env",
        "-u",
        "MIDSPAN_NO_SKIPS",
        f"OTEL_EXPORTER_OTLP_ENDPOINT={test_agent.url}",
        "OTEL_SERVICE_NAME=shop",
    ]
    command += [str(python_of().with_name("uwsgi")), "--http-socket", f"127.0.0.1:{port}", "--need-app"]
    command += ["--wsgi-file", str(tmp_path / "app.py"), "--die-on-term"]
    url = f"http://127.0.0.1:{port}/"
    with running(command, port, tmp_path / "log"), urllib.request.urlopen(url, timeout=60) as answer:
        told = json.loads(answer.read())
    settings = {each["name"]: each["value"] for each in told["settings"]}
    assert ([], "threads run") == ([each["text"] for each in told["findings"]], settings["uWSGI"])
    (span,) = spans_in(test_agent.ask("traces"))
    assert told["trace_id"] == as_id(span["traceId"], 32)
