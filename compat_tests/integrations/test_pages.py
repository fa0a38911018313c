"""The examples on each integration's page run, with the newest library and a real server."""

from __future__ import annotations

import importlib
import os
import re
import subprocess

import pytest

from compat_tests._environments import ROOT
from compat_tests.integrations._editions import EDITIONS

PAGES = sorted((ROOT / "docs" / "integrations").glob("*.md"))
TABLE = (ROOT / "docs/integrations.md").read_text()
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SERVER = re.compile(r"<!-- servers: ([a-z, ]+) -->")


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_tells_the_truth(page, servers, tmp_path):
    """Its Python blocks run one after the other, as a reader would type them.

    A page with `<!-- servers: redis -->` finds the port of each in MIDSPAN_TEST_REDIS and so on.
    """
    text = page.read_text()
    needed = SERVER.search(text)
    names = needed[1].split(", ") if needed else []
    ports = {f"MIDSPAN_TEST_{name.upper()}": str(servers.port(name)) for name in names}
    script = tmp_path / "page.py"
    script.write_text("\n\n".join(BLOCK.findall(text)))
    done = subprocess.run(
        [str(EDITIONS[-1].interpreter()), str(script)],
        env={**os.environ, **ports},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr


def integrations() -> list[str]:
    """Return the names of all that `midspan run` turns on."""
    points = (ROOT / "pyproject.toml").read_text().partition('entry-points."midspan.integrations"]')[2]
    return re.findall(r"^(\w+) = ", points.partition("\n[")[0], re.MULTILINE)


def test_each_integration_has_a_page_with_an_example():
    """A page of the integration's name, with at least one block of Python."""
    names = integrations()
    without = [
        name for name in names if not BLOCK.search((ROOT / f"docs/integrations/{name}.md").read_text())
    ]
    assert (True, []) == (bool(names), without)


@pytest.mark.parametrize("name", integrations())
def test_the_table_names_the_versions_that_are_tested(name):
    """From the oldest that the integration takes to the newest that the tests have."""
    library = importlib.import_module(f"midspan.integrations.{name}").LIBRARY
    versions = re.search(rf"^\| \[`{name}`\]\(integrations/{name}.md\) \|.*\|(.*)\|$", TABLE, re.MULTILINE)
    assert versions is not None
    if library.distribution is None:
        assert " " == versions[1]
        return
    pins = (ROOT / "compat_tests/integrations/requirements/newest.txt").read_text()
    newest = re.search(rf"^{library.distribution}==(.*)$", pins, re.MULTILINE | re.IGNORECASE)
    assert newest is not None
    assert f"{library.distribution} {library.oldest} to {newest[1]}" == versions[1].strip()
