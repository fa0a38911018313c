"""The library: asked for when it is needed, and quiet."""

from __future__ import annotations

import subprocess
import sys

import pytest

from midspan.exporters._grpc import Target, grpc_channel


def test_the_library_is_not_imported_before_it_is_needed():
    """Whoever sends over HTTP does not pay for it."""
    script = "import sys, midspan.exporters.otlp, midspan.exporters._grpc; print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()


def test_without_the_library_the_error_names_the_extra(monkeypatch):
    """What to install, in words that can be pasted."""
    monkeypatch.setitem(sys.modules, "grpc", None)
    for name in ("_channel", "_library"):
        monkeypatch.delitem(sys.modules, f"midspan.exporters._grpc.{name}", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'midspan\[grpc\]'"):
        grpc_channel(Target("localhost:4317"), "grpc")


@pytest.mark.parametrize(("given", "seen"), [(None, None), ("INFO", "INFO")])
def test_how_much_the_library_logs_is_left_as_it_was(given, seen):
    """For this process's children, and for who has set it."""
    script = "import os, midspan.exporters._grpc._library; print(os.environ.get('GRPC_VERBOSITY'))"
    environment = {"PYTHONPATH": ":".join(sys.path)} | ({} if given is None else {"GRPC_VERBOSITY": given})
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert str(seen) == done.stdout.strip()


def test_nothing_of_it_is_written_to_standard_error(server):
    """A handshake that fails is told in a reply, and there alone."""
    script = (
        "import sys; from midspan.exporters._grpc import Target, grpc_channel;"
        "print(grpc_channel(Target(sys.argv[1], True), 'grpc').call('/x/Y', b'', 5).code)"
    )
    command = [sys.executable, "-c", script, server.address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ("UNAVAILABLE\n", "") == (done.stdout, done.stderr)
