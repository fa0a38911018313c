"""Start a collector in a process of its own, so that what it costs is in nobody's figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("_collecting.py")


class Collector:
    """The collector, as the measured process sees it; it needs what this interpreter has installed."""

    def __init__(self, protocol: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_SCRIPT), protocol],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = f"127.0.0.1:{self._read()}"

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_exc: object) -> None:
        """End it; without that it ends with the process that started it."""
        self._process.communicate()

    def count(self) -> int:
        """Tell how many spans have come so far."""
        return int(self._ask("spans"))

    def latest(self) -> str:
        """Give the latest payload, uncompressed, in hexadecimal digits."""
        return str(self._ask("latest"))

    def _ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
