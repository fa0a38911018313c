"""Record what a library does to opentracing's MockTracer, in the words of the bridge's rules.

MockTracer keeps whatever it is given. A tracer that exports cannot: the bridge's documented rules say what
becomes of a tag that is no plain value, of `span.kind`, `error` and a log. They are written down here a
second time, independently, as what MockTracer's raw record has to look like after them. No other difference
is smoothed over.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from opentracing.mocktracer import MockTracer

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentracing import ScopeManager
    from opentracing.mocktracer.span import MockSpan

_KINDS = {"client", "server", "producer", "consumer"}
_ERROR_FIELDS = {
    "error.kind": "exception.type",
    "message": "exception.message",
    "stack": "exception.stacktrace",
}


def open_mock(scope_manager: ScopeManager | None) -> tuple[MockTracer, Callable[[], list[dict[str, Any]]]]:
    """Return a MockTracer and a function that reads its finished spans."""
    tracer = _Tracer(scope_manager)

    def read() -> list[dict[str, Any]]:
        # MockTracer lists a span once for each finish(); a span ends once.
        finished = list({id(span): span for span in tracer.finished_spans()}.values())
        return [_span(span, ended) for ended, span in enumerate(finished)]

    return tracer, read


class _Tracer(MockTracer):
    """MockTracer, but a log is read when it is made: an exception gathers frames on its further way up."""

    def start_span(self, *args: Any, **kwargs: Any) -> MockSpan:
        span = super().start_span(*args, **kwargs)
        span.logs = _Logs()
        return span


class _Logs(list[Any]):
    def append(self, log: Any) -> None:
        super().append(_log(log.key_values))


def _span(span: MockSpan, ended: int) -> dict[str, Any]:
    tags = dict(span.tags)
    kind = tags.pop("span.kind") if tags.get("span.kind") in _KINDS else "internal"
    return {
        "id": span.context.span_id,
        "parent": span.parent_id,
        "trace": span.context.trace_id,
        # MockTracer numbers its spans as they start.
        "started": span.context.span_id,
        "ended": ended,
        "name": span.operation_name or "",
        "kind": kind,
        "error": _error(tags.pop("error", None)),
        "tags": {key: plain(value) for key, value in tags.items()},
        "logs": list(span.logs),
    }


def _error(tag: Any) -> bool | None:
    return {True: True, False: False, "true": True, "false": False}.get(tag)


def plain(value: Any) -> Any:
    """Return what a tag or field may hold: a string, a bool, a number; of anything else, its text."""
    if isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


def _log(fields: dict[str, Any]) -> list[Any]:
    rest = {key: value for key, value in fields.items() if key != "event"}
    error = rest.get("error.object")
    if fields.get("event") == "error" and isinstance(error, BaseException):
        del rest["error.object"]
        return ["exception", {**_exception(error), **{key: plain(value) for key, value in rest.items()}}]
    if fields.get("event") == "error":
        return ["exception", {_ERROR_FIELDS.get(key, key): plain(value) for key, value in rest.items()}]
    return [str(fields.get("event", "log")), {key: plain(value) for key, value in rest.items()}]


def _exception(error: BaseException) -> dict[str, str]:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    stack = "".join(traceback.format_exception(kind, error, error.__traceback__))
    return {"exception.type": name, "exception.message": str(error), "exception.stacktrace": stack}
