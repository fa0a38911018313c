"""The examples on each integration's page run, with the newest library and a real server."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from compat_tests._environments import ROOT
from compat_tests.integrations._editions import EDITIONS

PAGES = sorted((ROOT / "docs" / "integrations").glob("*.md"))
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


def test_each_integration_has_a_page_with_an_example():
    """A page of the integration's name, with at least one block of Python."""
    points = (ROOT / "pyproject.toml").read_text().partition('entry-points."midspan.integrations"]')[2]
    table = points.partition("\n[")[0]
    names = re.findall(r"^(\w+) = ", table, re.MULTILINE)
    without = [
        name for name in names if not BLOCK.search((ROOT / f"docs/integrations/{name}.md").read_text())
    ]
    assert (True, []) == (bool(names), without)
