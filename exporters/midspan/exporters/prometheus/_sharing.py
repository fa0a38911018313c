"""Read where and how the processes of an application share, and refuse what cannot be."""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import prometheus_client

from midspan._environment import ConfigurationError
from midspan.exporters.prometheus._bell import is_reachable
from midspan.exporters.prometheus._folder import IS_POSSIBLE

if TYPE_CHECKING:
    from midspan._environment import Environment
    from midspan.exporters.prometheus._gauges import Gauges

__all__ = ["Sharing", "read_sharing", "registry_of"]

# As prometheus_client has it: who has set it for that library need not set another.
_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# The longest name that we make in the directory.
_LONGEST: Final = f"midspan-{'x' * 49}/65536.bell"


class Sharing(NamedTuple):
    """Where and how processes share; `interval_s` is what one that is killed may lose at most."""

    directory: Path
    gauges: Gauges
    interval_s: float
    scope_labels: bool


def read_sharing(
    given: str | os.PathLike[str] | bool | None,  # noqa: FBT001 - as the exporter has it
    gauges: Gauges,
    interval_s: float,
    read: Environment,
    *,
    scope_labels: bool,
) -> Sharing | None:
    """Return how to share, or None for a process that is alone. The directory is made if need be.

    Raises:
        ConfigurationError: The directory or the interval cannot be.
    """
    who, said = (_VARIABLE, read.text(_VARIABLE)) if given in {None, True} else ("multiprocess", given)
    if said is None and given is True:
        raise _refused("multiprocess", given, f"a directory, or {_VARIABLE} has to name it")
    if said is None or said is False:
        return None
    if (
        isinstance(interval_s, bool)
        or not isinstance(interval_s, (int, float))
        or not 0 < interval_s < math.inf
    ):
        raise _refused("snapshot_interval_s", interval_s, "a number of seconds above 0")
    if not isinstance(said, (str, os.PathLike)) or not os.fspath(said):
        raise _refused(who, said, "the path of a directory")
    return Sharing(_checked_directory(who, Path(said).absolute()), gauges, float(interval_s), scope_labels)


def _checked_directory(who: str, path: Path) -> Path:
    if not IS_POSSIBLE:
        raise _refused(who, str(path), "nothing on this system: its processes do not fork")
    if not is_reachable(path / _LONGEST):
        raise _refused(who, str(path), "a shorter path, for there will be sockets in it")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise _refused(who, str(path), f"a directory that can be written to ({error})") from error


def _refused(who: str, value: object, allowed: str) -> ConfigurationError:
    return ConfigurationError(f"{who}={value!r} is not valid: allowed is {allowed}")


def registry_of(sharing: Sharing | None, read: Environment) -> prometheus_client.CollectorRegistry:
    """Return the registry for who names none: prometheus_client's own, or one that tells of all processes."""
    if sharing is None:
        return prometheus_client.REGISTRY
    registry = prometheus_client.CollectorRegistry()
    theirs = read.text(_VARIABLE)
    if theirs is not None and Path(theirs).is_dir():
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 - for who has it only

        MultiProcessCollector(registry, path=theirs)  # type: ignore[no-untyped-call]
    return registry
