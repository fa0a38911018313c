"""Mend what OpenCensus's own readers of headers get wrong, while the bridge is installed."""

from __future__ import annotations

from typing import Any, Final

from opencensus.trace.propagation.text_format import TextFormatPropagator
from opencensus.trace.trace_options import TraceOptions

__all__ = ["METHODS"]

_OPTION: Final = "opencensus-trace-traceoptions"
_original_check: Final = TraceOptions.check_trace_options
_original_from_carrier: Final = TextFormatPropagator.from_carrier


def check_trace_options(self: Any, trace_options_byte: Any) -> Any:
    """Read flags with letters too: they are hexadecimal in a traceparent, where OpenCensus raises."""
    try:
        return _original_check(self, trace_options_byte)
    except ValueError:
        return _original_check(self, str(int(trace_options_byte, 16)))


def set_enabled(self: Any, enabled: Any) -> None:
    """Switch the lowest bit; OpenCensus exchanges the last decimal digit, which makes 250 of 255."""
    self.trace_options_byte = str(int(self.trace_options_byte) & ~1 | bool(enabled))
    self.enabled = self.get_enabled()


def from_carrier(self: Any, carrier: Any) -> Any:
    """Read the option 0 as not sampled, and names in any case; OpenCensus takes any text for sampled."""
    lowered = {str(key).lower(): carrier[key] for key in carrier}
    option = lowered.get(_OPTION)
    if isinstance(option, str) and option.isdecimal():
        lowered[_OPTION] = int(option) & 1
    return _original_from_carrier(self, lowered)


METHODS: Final = (
    (TraceOptions, "check_trace_options", check_trace_options),
    (TraceOptions, "set_enabled", set_enabled),
    (TextFormatPropagator, "from_carrier", from_carrier),
)
