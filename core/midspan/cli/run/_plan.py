"""Find what can be instrumented here, and say of everything else why not."""

from __future__ import annotations

from importlib import metadata, util
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from midspan.cli.run._wishes import Wishes

__all__ = ["Row", "plan"]

# A bridge is installed as soon as any of these is imported.
_LEGACY: Final = {
    "opentracing": ("opentracing",),
    "opencensus": ("opencensus.trace", "opencensus.stats", "opencensus.metrics", "opencensus.tags"),
}


class Row(NamedTuple):
    """One plug-in: what to wait for, what to call then, or why it stays off."""

    kind: str
    name: str
    refusal: str | None
    modules: tuple[str, ...] = ()
    plug_in: Any = None

    @property
    def act(self) -> Any:  # noqa: ANN401 - a function of the plug-in
        """What turns the plug-in on."""
        return self.plug_in.install if self.kind == "bridge" else self.plug_in.instrument


def plan(wishes: Wishes) -> list[Row]:
    """Return a row for each bridge and each integration that is registered here."""
    return [
        *_rows("bridge", "midspan.bridges", wishes),
        *_rows("integration", "midspan.integrations", wishes),
    ]


def _rows(kind: str, group: str, wishes: Wishes) -> Iterator[Row]:
    for point in sorted(metadata.entry_points(group=group), key=lambda point: point.name):
        refusal = wishes.refusal(point.name)
        if refusal is not None:
            yield Row(kind, point.name, refusal)
            continue
        try:
            yield _row(kind, point)
        except Exception as error:  # noqa: BLE001 - one that is broken must not keep the others from working
            yield Row(kind, point.name, f"broken: {type(error).__name__}: {error}")


def _row(kind: str, point: metadata.EntryPoint) -> Row:
    if kind == "bridge":
        # The bridge imports the legacy library, so whether that is here is asked first.
        modules = _LEGACY.get(point.name, (point.name,))
        if not any(map(_is_here, modules)):
            return Row(kind, point.name, f"{point.name} is not installed")
        return Row(kind, point.name, None, modules, _Lazy(point))
    plug_in = point.load()
    library = getattr(plug_in, "LIBRARY", None)
    if library is None:
        # Another distribution's, which does not say what it waits for.
        return Row(kind, point.name, None, (), plug_in)
    trouble = library.trouble()
    return Row(kind, point.name, trouble, (library.module,), plug_in)


class _Lazy:
    """A plug-in that is imported when it is turned on."""

    def __init__(self, point: metadata.EntryPoint) -> None:
        self._point = point
        self._is_loading = False

    def install(self) -> None:
        """Install the bridge; a bridge is installed once, however often this is called."""
        if self._is_loading:
            # It imports what the program waited for, too, and is installed as soon as it has.
            return
        self._is_loading = True
        try:
            self._point.load().install()
        finally:
            self._is_loading = False


def _is_here(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
