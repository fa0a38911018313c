"""An application that has a legacy library, with an integration of the same on: one span of each thing.

The applications stand in `beside/`, each with what it gives. A legacy library is there unmodified, as it came
from PyPI, and beside the newest libraries that it works with, whatever it pins.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from compat_tests._environments import ROOT, environment, find_python
from compat_tests.integrations._editions import HERE
from compat_tests.integrations._pairs import PAIRS

BESIDE = HERE / "beside"
ORDERS = ("integration first", "legacy first")
INTERFACES = ("opencensus", "opentracing")
SERVERS = ("postgres", "mariadb", "mongodb")
UNDER_RUN = ("opencensus_ext_httpx", "opencensus_ext_logging", "requests_opentracing", "flask_opentracing")

slow = pytest.mark.slow
each_application = pytest.mark.parametrize("name", PAIRS)
each_order = pytest.mark.parametrize("order", ORDERS)


def interface_of(name):
    """Return which of the two interfaces an application's legacy library is written for."""
    text = (BESIDE / f"use_{name}.py").read_text()
    return re.search(r'^BRIDGE = "(\w+)"$', text, re.MULTILINE)[1]


def requirements_of(interface):
    """Return the file with the versions of an interface's libraries."""
    return BESIDE / f"requirements-{interface}.txt"


def interpreter(interface):
    """Return the interpreter that has them."""
    python = find_python("3.11")
    if python is None:
        pytest.skip("CPython 3.11 is not installed")
    return environment(requirements_of(interface), name=f"beside-{interface}", python=python)


@pytest.fixture(scope="session")
def played(servers):
    """The record of each application in each order: those of both interfaces are played at the same time."""
    ports = {f"MIDSPAN_TEST_{name.upper()}": str(servers.port(name)) for name in SERVERS}
    players = []
    for interface in INTERFACES:
        names = [name for name in PAIRS if interface_of(name) == interface]
        players.append(
            subprocess.Popen(
                [str(interpreter(interface)), "_play.py", *names],
                env={**os.environ, **ports},
                cwd=BESIDE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    records = {}
    for player in players:
        told, errors = player.communicate(timeout=300)
        assert 0 == player.returncode, errors
        records.update(json.loads(told))
        for name, record in records.items():
            assert record is not None, f"{name} failed:\n{errors}"
    return records


@slow
@pytest.mark.server
@each_order
@each_application
def test_each_thing_has_one_span(played, name, order):
    """The legacy library's where it makes one, else the integration's; and each is below the right one."""
    record = played[name][order]
    assert record is not None
    assert record["promised"] == record["gives"]


@slow
@pytest.mark.server
@each_order
@each_application
def test_an_integration_says_once_that_it_stands_back(played, name, order):
    """And for which module; nothing else is said, of trouble say."""
    assert lines_of(name) == played[name][order]["said"]


def lines_of(name):
    """Return what is logged about standing back."""
    return [
        f"the integration {integration} stands back: {module} records the same already"
        for integration, module in PAIRS[name].said
    ]


@slow
@pytest.mark.server
@each_order
@each_application
def test_an_integration_measures_what_it_records(played, name, order):
    """Where it stands back there is no metric of it, as there is no span."""
    record = played[name][order]
    made = set(re.findall(r"\| (\w+)$", record["gives"], re.MULTILINE))
    assert sorted(made - {"code", "side", *INTERFACES}) == record["measured"]


@slow
@pytest.mark.server
@each_order
@pytest.mark.parametrize("name", [name for name in PAIRS if name.endswith(("_logging", "_threading"))])
def test_the_rest_is_told_once(played, name, order):
    """Ids in lines of a log, log lines in spans, and the context that is carried into threads."""
    record = played[name][order]
    assert record["promised notes"] == record["notes"]
    assert record["notes"] or name == "logging_opentracing"


@slow
@pytest.mark.parametrize("name", UNDER_RUN)
def test_it_is_so_under_midspan_run(name):
    """Which turns the bridge and the integration on as soon as the program imports what they are for."""
    python = interpreter(interface_of(name))
    command = [str(python.with_name("midspan")), "run", "python", "_play.py", "--under-run", name]
    quiet = {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}
    done = subprocess.run(
        command,
        env={**os.environ, **quiet},
        cwd=BESIDE,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    record = json.loads(done.stdout)
    assert (record["promised"], record["promised notes"]) == (record["gives"], record["notes"])
    assert lines_of(name) == record["said"]


def test_the_documentation_lists_what_was_run():
    """Its table has a row for each pair that is played here, in the version that is pinned, and no other."""
    page = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    section = page.partition("## Beside a legacy instrumentation")[2].partition("\n## ")[0]
    rows = {
        (library, integration)
        for library, integrations in re.findall(r"^\| (\S+ [\d.]+) \| ([\w, ]+) \|", section, re.MULTILINE)
        for integration in integrations.split(", ")
    }
    assert {
        (f"{pair.library} {_version(name, pair.library)}", integration)
        for name, pair in PAIRS.items()
        for integration in pair.integrations
    } == rows


def _version(name, library):
    pins = requirements_of(interface_of(name)).read_text()
    return re.search(rf"^{library}==(\S+)$", pins, re.MULTILINE)[1]


def test_each_application_is_played():
    """None lies there that nobody runs."""
    assert sorted(PAIRS) == sorted(path.stem.removeprefix("use_") for path in BESIDE.glob("use_*.py"))
