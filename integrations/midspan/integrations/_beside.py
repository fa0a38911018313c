"""Stand back where a legacy instrumentation records the same already, and say so."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Final

from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Legacy", "below_urllib3", "decorates", "is_exporting", "is_idle", "is_of", "marks", "stands_back"]

_OPENCENSUS: Final = "midspan.bridges.opencensus"
_OPENTRACING: Final = "midspan.bridges.opentracing"
# Between a legacy wrapper and ours stand at most the library's own method, and what our modules share. A view
# has fewer decorators.
_NEAR: Final = 7
_said: Final[set[tuple[str, str]]] = set()


def stands_back(integration: str, legacy: str | None) -> bool:
    """Say whether `legacy`, an instrumentation found in the application, records what `integration` would.

    Its spans come through a bridge, into the same trace. Two spans of the same request would be one too many.
    """
    if legacy is None:
        return False
    if (integration, legacy) not in _said:
        _said.add((integration, legacy))
        logging.getLogger("midspan").info(
            "the integration %s stands back: %s records the same already", integration, legacy
        )
    return True


class Legacy:
    """The legacy libraries that record what one integration would, and how each is told.

    `marks` are told by the span that they have made current: by an attribute that it has, and what that
    is (None: anything). That is sure: without a span, there is nothing to stand back for. `wrappers` do not
    make their spans current. They are told by their function: it calls the integration's, or is called. With
    `only_below`, they make none where no span is current. Both go by the name of the module.

    `callers` names the module that calls, for marks that count only then: those of a library that leaves the
    span of what has failed current.
    """

    __slots__ = ("_callers", "_integration", "_marks", "_modules", "_only_below", "_wrappers")

    def __init__(
        self,
        integration: str,
        marks: Mapping[str, tuple[str, object]],
        wrappers: tuple[str, ...] = (),
        *,
        only_below: bool = False,
        callers: Mapping[str, str] | None = None,
    ) -> None:
        self._integration = integration
        self._marks = marks
        self._wrappers = wrappers
        self._only_below = only_below
        self._callers = callers or {}
        self._modules = frozenset((*marks, *wrappers))

    def is_here(self, native: object = None) -> bool:
        """Say whether one of them records what is done now; `native` is what the integration would call."""
        # A program that imports none of them pays for this alone (0.1 us).
        if sys.modules.keys().isdisjoint(self._modules):
            return False
        near = _modules_near(sys._getframe(1))
        legacy = self._marked(near) or self._wrapping(near | _names_of(native))
        return legacy is not None and stands_back(self._integration, legacy)

    def _marked(self, near: set[str | None]) -> str | None:
        written = marks()
        for module, (key, value) in self._marks.items():
            if module in sys.modules and key in written and value in (None, written[key]):
                caller = self._callers.get(module)
                if caller is None or caller in near:
                    return module
        return None

    def _wrapping(self, names: set[str | None]) -> str | None:
        if self._only_below and not trace.get_current_span().context.is_valid:
            return None
        return next((module for module in self._wrappers if module in names), None)


def below_urllib3(integration: str) -> bool:
    """Say whether opencensus-ext-httplib records what urllib3 sends.

    It does for urllib3 1, which sends with the method of `http.client` that the extension has wrapped.
    """
    extension: Any = sys.modules.get("opencensus.ext.httplib.trace")
    if extension is None or not sys.modules["urllib3"].__version__.startswith("1."):
        return False
    if not is_of(extension.httplib.HTTPConnection.request, (extension.__name__,)):
        return False
    context: Any = sys.modules["opencensus.trace.execution_context"]
    return not is_idle(context.get_opencensus_tracer()) and stands_back(integration, extension.__name__)


def is_exporting() -> bool:
    """Say whether an exporter of OpenCensus's sends here: nothing of the program's, so nothing to record."""
    context: Any = sys.modules.get("opencensus.trace.execution_context")
    return context is not None and bool(context.is_exporter())


def is_idle(tracer: object) -> bool:
    """Say whether a tracer of OpenCensus's is what its extensions find where nobody has made one."""
    return type(tracer).__name__ == "NoopTracer"


def marks() -> Mapping[str, Any]:
    """Return what a legacy library has written on the span that is current, if it is one of theirs."""
    span = trace.get_current_span()
    scope = getattr(getattr(span, "scope", None), "name", "")
    if scope == _OPENTRACING:
        return span.attributes
    if scope == _OPENCENSUS:
        # The bridge learns what is on OpenCensus's span at its end.
        context: Any = sys.modules["opencensus.trace.execution_context"]
        return getattr(context.get_current_span(), "attributes", None) or {}
    return {}


def is_of(function: object, modules: tuple[str, ...]) -> bool:
    """Say whether a function was written in one of these modules, whatever it goes by."""
    return not _names_of(function).isdisjoint(modules)


def decorates(view: object, module: str) -> bool:
    """Say whether a function, or one that it wraps, was made by a decorator of this module."""
    for _ in range(_NEAR):
        if is_of(view, (module,)):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def _names_of(function: object) -> set[str | None]:
    # `functools.wraps` gives a wrapper the name of the module that it wraps, but not that module's globals.
    written = getattr(function, "__globals__", None) or {}
    return {getattr(function, "__module__", None), written.get("__name__")}


def _modules_near(frame: Any) -> set[str | None]:  # noqa: ANN401 - a frame
    """Return the names of the modules whose functions have called this one."""
    names = set()
    for _ in range(_NEAR):
        if frame is None:
            break
        names.add(frame.f_globals.get("__name__"))
        frame = frame.f_back
    return names
