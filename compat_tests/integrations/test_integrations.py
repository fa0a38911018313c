"""Each integration with the real library, at its oldest supported version and at its newest.

The tests stand in `inside/`, one file a library, and are run by pytest in an environment that has the
libraries. A file whose first docstring line ends with `(servers: redis, postgres)` finds their ports in
MIDSPAN_TEST_REDIS and so on.
"""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from compat_tests.integrations._editions import EDITIONS, INSIDE, Edition

FILES = sorted(INSIDE.glob("test_*.py"))


def servers_of(file):
    """Return the names of the servers that a file of tests talks to."""
    found = re.search(r"\(servers: ([a-z, ]+)\)", file.read_text().partition("\n")[0])
    return found[1].split(", ") if found else []


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem.removeprefix("test_"))
@pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)
def test_an_integration_works_with_its_library(edition: Edition, file, servers):
    """All tests of one library's integration pass, and none of them is skipped."""
    ports = {f"MIDSPAN_TEST_{name.upper()}": str(servers.port(name)) for name in servers_of(file)}
    command = [str(edition.interpreter()), "-m", "pytest", "-q", "-c", str(INSIDE / "pytest.ini"), str(file)]
    done = subprocess.run(
        command,
        env={**os.environ, **ports, "MIDSPAN_EDITION": edition.name},
        cwd=INSIDE,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    summary = done.stdout.strip().rpartition("\n")[2]
    assert (0, False) == (done.returncode, "skipped" in summary), done.stdout + done.stderr
