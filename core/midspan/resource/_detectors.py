"""Find out what runs here. Each detector is a function without arguments that returns a `Resource`.

Attribute names and values are those of OpenTelemetry's semantic conventions ("Resource"). Command lines are
not read: they may hold secrets. No detector starts a process or opens a connection. The `root` that some
take is for tests: the folder that holds `proc` and `etc`.
"""

from __future__ import annotations

import os as _os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from midspan import _trouble
from midspan._about import VERSION
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

_FILE_LIMIT: Final = 65_536

# What `uname` calls a system, where the conventions call it otherwise than by that name in lower case.
_OS_TYPES: Final = {"sunos": "solaris", "hp-ux": "hpux", "dragonfly": "dragonflybsd", "os/390": "z_os"}
_ARCHITECTURES: Final = {
    "aarch64": "arm64",
    "i386": "x86",
    "i586": "x86",
    "i686": "x86",
    "ppc": "ppc32",
    "ppc64le": "ppc64",
    "x86_64": "amd64",
}

# 64 hexadecimal digits; on ECS Fargate 32 of them, a dash and a number.
_CONTAINER_ID: Final = r"([0-9a-f]{64}|[0-9a-f]{32}-[0-9]+)"
# As a control group's name: "docker-<id>.scope", "cri-containerd-<id>.scope", "<id>". Groups may be nested.
_CGROUP: Final = re.compile(rf"(?:^|[/:-]){_CONTAINER_ID}(?:\.scope)?(?=/|$)")
# As the folder from which Docker or Podman mounts a container's own files. Other mounts name image layers.
_MOUNT: Final = re.compile(rf"containers/{_CONTAINER_ID}/(?:userdata/)?(?:hostname|hosts|resolv\.conf) ")


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
            "telemetry.sdk.version": VERSION,
        }
    )


def process() -> Resource:
    """Detect the process and the interpreter."""
    version = sys.implementation.version
    is_final = version.releaselevel == "final" and not version.serial
    return _present(
        {
            "process.pid": _os.getpid(),
            "process.parent_pid": _os.getppid(),
            # An interpreter that is embedded in another program may have no executable.
            "process.executable.path": sys.executable,
            "process.executable.name": Path(sys.executable or "").name,
            "process.runtime.name": sys.implementation.name,
            "process.runtime.version": ".".join(map(str, version[:3] if is_final else version)),
            "process.runtime.description": sys.version,
        }
    )


def os(root: str = "/") -> Resource:
    """Detect the operating system: on Linux the distribution."""
    kind, release, _, _ = _uname()
    about = _os_release(root)
    return _present(
        {
            "os.type": _OS_TYPES.get(kind, kind),
            "os.name": about.get("NAME"),
            "os.version": about.get("VERSION_ID") if about else release,
            "os.build_id": about.get("BUILD_ID") or release,
            "os.description": about.get("PRETTY_NAME"),
        }
    )


def host(root: str = "/") -> Resource:
    """Detect the machine."""
    _, _, name, machine = _uname()
    return _present({"host.name": name, "host.arch": _architecture(machine), "host.id": _machine_id(root)})


def container(root: str = "/") -> Resource:
    """Detect the container id: from the control group, or where that is hidden (version 2) the mounts."""
    for line in _read(root, "proc/self/cgroup").splitlines():
        nested = _CGROUP.findall(line)
        if nested:
            return Resource({"container.id": nested[-1]})
    found = _MOUNT.search(_read(root, "proc/self/mountinfo"))
    return Resource({"container.id": found.group(1)} if found else {})


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


def _uname() -> tuple[str, str, str, str]:
    """Return system, release, node name and machine: the first in lower case, as `os.type` wants it."""
    if hasattr(_os, "uname"):
        about = _os.uname()
        return about.sysname.lower(), about.release, about.nodename, about.machine
    import platform  # noqa: PLC0415 - Windows has no uname, and elsewhere this costs 3 ms for nothing

    return platform.system().lower(), platform.version(), platform.node(), platform.machine()


def _architecture(machine: str) -> str:
    machine = machine.lower()
    return "arm32" if machine.startswith("armv") else _ARCHITECTURES.get(machine, machine)


def _machine_id(root: str) -> str:
    for path in ("etc/machine-id", "var/lib/dbus/machine-id"):
        machine_id = _read(root, path).strip()
        # What systemd writes into an image, until its first boot.
        if machine_id and machine_id != "uninitialized":
            return machine_id
    return ""


def _os_release(root: str) -> dict[str, str]:
    """Read `os-release`, whose values may stand in quotes."""
    lines = (_read(root, "etc/os-release") or _read(root, "usr/lib/os-release")).splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def _read(root: str, path: str) -> str:
    try:
        with Path(root, path).open(encoding="utf-8", errors="replace") as file:
            return file.read(_FILE_LIMIT)
    except OSError:
        return ""


def _present(attributes: dict[str, Any]) -> Resource:
    return Resource({key: value for key, value in attributes.items() if value})
