"""Find exporters and propagators by name, and take what is said about one exporter with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import propagation
from midspan.sdk._environment import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.sdk._batch import BatchSettings

__all__ = ["Batch", "Simple", "load_exporter", "propagator_of"]

_GROUP: Final = "midspan.exporters"


class Batch:
    """An exporter with its own queue settings: `configure(exporters=[Batch(mine, BatchSettings(...))])`."""

    def __init__(self, exporter: Any, settings: BatchSettings | None = None) -> None:  # noqa: ANN401 - name or object
        """Take an exporter or the name of one, and the settings of its queue (default: the pipeline's)."""
        self.exporter = exporter
        self.settings = settings


class Simple:
    """An exporter that is handed each span at once, in the thread that ended it."""

    def __init__(self, exporter: Any) -> None:  # noqa: ANN401 - name or object
        """Take an exporter or the name of one."""
        self.exporter = exporter


def load_exporter(name: str, **settings: Any) -> Any:  # noqa: ANN401 - whatever the entry point makes, and takes
    """Make the exporter that is registered under `name`, configured by `settings` and the environment.

    Raises:
        ConfigurationError: No such exporter is registered, or a library that it needs is missing.
    """
    from importlib import metadata  # noqa: PLC0415 - 15 ms, needed only for names

    found = {point.name: point for point in metadata.entry_points(group=_GROUP)}
    if name not in found:
        allowed = ", ".join([*sorted(found), "none"])
        message = f"exporter {name!r} (OTEL_TRACES_EXPORTER) is not valid: allowed is any of {allowed}"
        raise ConfigurationError(message)
    try:
        return found[name].load()(**settings)
    except ImportError as error:
        message = f"exporter {name!r} needs a library ({error}): pip install 'midspan[{name}]'"
        raise ConfigurationError(message) from error


def propagator_of(propagators: Sequence[Any]) -> propagation.Propagator:
    """Return one propagator for a list of names and propagators.

    Raises:
        ConfigurationError: A name is not known.
    """
    parts: list[Any] = []
    for given in propagators:
        if isinstance(given, str):
            try:
                parts.append(propagation.by_name([given]))
            except ValueError as error:
                message = f"propagator {given!r} (OTEL_PROPAGATORS) is not valid: {error}"
                raise ConfigurationError(message) from None
        else:
            parts.append(given)
    return parts[0] if len(parts) == 1 else propagation.Composite(parts)
