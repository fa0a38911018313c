"""Which propagator serves which OpenTracing format, and what goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import opentracing
from opentracing import Format

from midspan import _trouble, propagation
from midspan.bridges.opentracing import _shared
from midspan.bridges.opentracing._binary import JaegerBinary
from midspan.bridges.opentracing._span_context import (
    SpanContext,
    baggage_of,
    context_of,
    native_of,
    values_of,
)
from midspan.context import EMPTY, Context
from midspan.trace import INVALID, NonRecordingSpan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.propagation import Propagator

__all__ = ["OF_PROCESS", "Formats", "Selection"]

# Names as in `OTEL_PROPAGATORS`, propagators, or a list of either.
Choice: TypeAlias = Any
Selection: TypeAlias = "Choice | Mapping[Any, Choice] | None"

_TEXT: Final = (Format.TEXT_MAP, Format.HTTP_HEADERS)


class _OfProcess:
    """The propagators of the process, whichever they are when they are used."""

    @property
    def fields(self) -> Sequence[str]:
        return propagation.get_global().fields

    def inject(self, carrier: Any, context: Context) -> None:
        propagation.get_global().inject(carrier, context)

    def extract(self, carrier: Any, context: Context) -> Context:
        return propagation.get_global().extract(carrier, context)


OF_PROCESS: Final = _OfProcess()


class Formats:
    """The propagators of one tracer, by format. A text format without one uses the process's."""

    def __init__(self, selection: Selection = None) -> None:
        """Take one choice for both text formats, or a mapping of formats to choices.

        Raises:
            ValueError: There is no propagator of that name.
        """
        self._chosen: dict[Any, Propagator] = {Format.BINARY: JaegerBinary()}
        if isinstance(selection, dict):
            for format_, choice in selection.items():
                self.choose(format_, choice)
        elif selection is not None:
            for format_ in _TEXT:
                self.choose(format_, selection)

    def choose(self, format_: Any, choice: Choice) -> None:
        """Let a choice serve one format, which may be one of the application's own."""
        self._chosen[format_] = _propagator(choice)

    def has_chosen(self, format_: Any) -> bool:
        """Say whether a format has a propagator of its own."""
        return format_ in self._chosen

    def inject(self, span_context: Any, format_: Any, carrier: Any) -> None:
        """Write a context into a carrier, whatever there is of it: ids, baggage or both.

        Raises:
            UnsupportedFormatException: Nothing serves the format.
            InvalidCarrierException: The carrier is not of the format's type.
        """
        propagator = self._serving(format_)
        is_writable = hasattr(carrier, "__setitem__") and not isinstance(carrier, (bytearray, memoryview))
        if not (isinstance(carrier, bytearray) if format_ == Format.BINARY else is_writable):
            raise opentracing.InvalidCarrierException(f"nothing can be put into a {type(carrier).__name__}")
        span_context = context_of(span_context)
        context = Context(native_of(span_context), baggage_of(span_context), values_of(span_context))
        try:
            propagator.inject(carrier, context)
        except Exception as error:  # noqa: BLE001 - a propagator may be the application's own
            _trouble.report("propagation.raised", "injecting into %s failed", type(carrier), error=error)

    def extract(self, format_: Any, carrier: Any, *, with_parent: bool = False) -> SpanContext | None:
        """Read a context that is valid, or debug, or has baggage, out of a carrier; None if there is none.

        `with_parent` looks for the id of its parent too, where a format has it.

        Raises:
            UnsupportedFormatException: Nothing serves the format.
            InvalidCarrierException: The carrier is not of the format's type.
            SpanContextCorruptedException: A binary carrier holds something else.
        """
        propagator = self._serving(format_)
        is_readable = isinstance(carrier, (bytes, bytearray)) == (format_ == Format.BINARY)
        if not is_readable or not hasattr(carrier, "__iter__"):
            raise opentracing.InvalidCarrierException(f"nothing can be read from a {type(carrier).__name__}")
        try:
            found = propagator.extract(carrier, EMPTY)
        except opentracing.SpanContextCorruptedException:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _trouble.report("propagation.raised", "extracting from %s failed", type(carrier), error=error)
            return None
        native = NonRecordingSpan(INVALID) if found.span is None else found.span
        identity = native.context
        if identity.is_valid or identity.is_sampled or identity.is_debug or found.baggage:
            parent_id = _shared.parent_id_of(carrier) if with_parent else 0
            values = {**found.values, _shared.PARENT_ID: parent_id} if parent_id else found.values
            return SpanContext(native, found.baggage, values)
        return None

    def _serving(self, format_: Any) -> Propagator:
        try:
            chosen = self._chosen.get(format_)
        except TypeError:  # a format that cannot be a key of a dictionary
            chosen = None
        if chosen is None and format_ in _TEXT:
            return propagation.get_global()
        if chosen is None:
            raise opentracing.UnsupportedFormatException(f"no propagator serves the format {format_!r}")
        return chosen


def _propagator(choice: Choice) -> Propagator:
    if isinstance(choice, str):
        choice = [name.strip() for name in choice.split(",")]
    if not isinstance(choice, (list, tuple)):
        propagator: Propagator = choice
        return propagator
    return propagation.Composite(
        [propagation.by_name([each]) if isinstance(each, str) else each for each in choice]
    )
