"""Find out what runs here. Each detector is a function without arguments that returns a `Resource`.

Attribute names are OpenTelemetry's semantic conventions. Command lines are not read: they may hold secrets.
No detector starts a process or opens a connection.
"""

from __future__ import annotations

import os as _os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from midspan import _trouble
from midspan.resource._resource import Resource

__all__ = [
    "DETECTORS",
    "Detector",
    "container",
    "detect",
    "host",
    "new_instance_id",
    "os",
    "process",
    "sdk",
    "service",
]

Detector: TypeAlias = Callable[[], Resource]

_CONTAINER_ID: Final = re.compile(r"[0-9a-f]{64}")
_FILE_LIMIT: Final = 65_536


def service() -> Resource:
    """Detect a name for a service that was given none, and an id for this instance of it."""
    program = Path(sys.executable).name if sys.executable else "python"
    return Resource({"service.name": f"unknown_service:{program}", "service.instance.id": new_instance_id()})


def new_instance_id() -> str:
    """Return a random UUID (version 4): every process, a forked one too, is an instance of its own."""
    digits = (
        f"{int.from_bytes(_os.urandom(16), 'big') & ~(0xF << 76) & ~(0x3 << 62) | 4 << 76 | 2 << 62:032x}"
    )
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def sdk() -> Resource:
    """Name this library."""
    return Resource(
        {
            "telemetry.sdk.name": "midspan",
            "telemetry.sdk.language": "python",
            "telemetry.sdk.version": _version(),
        }
    )


def process() -> Resource:
    """Detect the process and the interpreter."""
    return Resource(
        {
            "process.pid": _os.getpid(),
            "process.parent_pid": _os.getppid(),
            "process.executable.path": sys.executable,
            "process.executable.name": Path(sys.executable).name,
            "process.runtime.name": sys.implementation.name,
            "process.runtime.version": ".".join(map(str, sys.version_info[:3])),
            "process.runtime.description": sys.version.replace("\n", " "),
        }
    )


def os() -> Resource:
    """Detect the operating system."""
    system = _os.uname()
    return Resource({"os.type": system.sysname.lower(), "os.version": system.release})


def host() -> Resource:
    """Detect the machine."""
    system = _os.uname()
    return _present(
        {"host.name": system.nodename, "host.arch": _arch(system.machine), "host.id": _machine_id()}
    )


def container() -> Resource:
    """Detect the container id from the control group (version 1) or the mounts (version 2)."""
    for path, marker in (("/proc/self/cgroup", ""), ("/proc/self/mountinfo", "/containers/")):
        for line in _read(path).splitlines():
            found = _CONTAINER_ID.search(line) if marker in line else None
            if found is not None:
                return Resource({"container.id": found.group()})
    return Resource()


# By the names that OTEL_EXPERIMENTAL_RESOURCE_DETECTORS uses; in the order in which later ones win.
DETECTORS: Final[dict[str, Detector]] = {
    "sdk": sdk,
    "service": service,
    "process": process,
    "os": os,
    "host": host,
    "container": container,
}


def detect(detectors: dict[str, Detector]) -> Resource:
    """Merge what the detectors find; one that fails is reported and left out."""
    found = Resource()
    for name, detector in detectors.items():
        try:
            found = found.merge(detector())
        except Exception as error:  # noqa: BLE001 - a detector may be a third party's
            _trouble.report(f"resource.{name}", "the resource detector %s failed", name, error=error)
    return found


def _arch(machine: str) -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _machine_id() -> str:
    return _read("/etc/machine-id").strip() or _read("/var/lib/dbus/machine-id").strip()


def _read(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_FILE_LIMIT)
    except OSError:
        return ""


def _present(attributes: dict[str, Any]) -> Resource:
    return Resource({key: value for key, value in attributes.items() if value})


def _version() -> str:
    from importlib import metadata  # noqa: PLC0415 - 15 ms, needed by applications only

    try:
        return metadata.version("midspan")
    except metadata.PackageNotFoundError:
        return "unknown"
