"""Send finished spans to anything that speaks OTLP over HTTP."""

from __future__ import annotations

from midspan.exporters.otlp._spans import encode_spans

__all__ = ["encode_spans"]
