"""Record what a library does to opentracing's MockTracer, in the words of the bridge's rules.

MockTracer keeps whatever it is given. A tracer that exports cannot: the bridge's documented rules say what
becomes of a tag that is no plain value, of `span.kind`, `error` and a log. They are written down here a
second time, independently, as what MockTracer's raw record has to look like after them. Beside the rules,
two facts of MockTracer are allowed for: it lists a span once for each finish, and with opentracing 2.0 it
does not record an exception that leaves a scope. No other difference is smoothed over.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

import opentracing
from opentracing import Scope, Span
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


def open_mock(
    scope_manager: ScopeManager | None,
) -> tuple[MockTracer, Callable[[], None], Callable[[], list[dict[str, Any]]]]:
    """Return a MockTracer, what makes it the global tracer, and what reads its finished spans."""
    if not hasattr(Span, "_on_error"):
        Scope.__exit__ = _exit_scope
    tracer = _Tracer(scope_manager)

    def read() -> list[dict[str, Any]]:
        # MockTracer lists a span once for each finish(); a span ends once.
        finished = list({id(span): span for span in tracer.finished_spans()}.values())
        return [_span(span, ended) for ended, span in enumerate(finished)]

    return tracer, lambda: _install(tracer), read


def _install(tracer: MockTracer) -> None:
    if hasattr(opentracing, "set_global_tracer"):
        opentracing.set_global_tracer(tracer)
    else:
        # opentracing 2.0 has no function for it.
        opentracing.tracer = tracer


def _exit_scope(scope: Scope, kind: Any, error: BaseException | None, stack: Any) -> None:
    """Record an exception that leaves a scope: opentracing does from 2.1 on, midspan over any version."""
    if error is not None:
        scope.span.set_tag("error", True)
        scope.span.log_kv(
            {
                "event": "error",
                "message": str(error),
                "error.object": error,
                "error.kind": kind,
                "stack": stack,
            }
        )
    scope.close()


class _Tracer(MockTracer):
    """MockTracer, but it reads at once what it is given: exceptions gather frames, libraries change dicts."""

    def start_span(self, *args: Any, **kwargs: Any) -> MockSpan:
        span = super().start_span(*args, **kwargs)
        span.tags = _Tags({key: plain(value) for key, value in span.tags.items()})
        span.logs = _Logs()
        return span


class _Tags(dict[str, Any]):
    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, plain(value))


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
        "tags": tags,
        "logs": list(span.logs),
    }


def _error(tag: Any) -> bool | None:
    return {True: True, False: False, "true": True, "false": False}.get(tag)


def plain(value: Any) -> Any:
    """Return what a tag or field may hold: a string, a bool, a number; of anything else, its text."""
    if isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return _name(value) if isinstance(value, type) else str(value)


def _log(fields: dict[str, Any]) -> list[Any]:
    event, rest = fields.get("event", "log"), {key: value for key, value in fields.items() if key != "event"}
    thrown = next((rest[key] for key in ("error.object", "payload") if _is_exception(rest.get(key))), None)
    if event == "error":
        event, rest = "exception", _thrown(rest, thrown) if thrown else _described(rest)
    elif thrown:
        rest |= _exception(thrown)
    return [str(event), {key: plain(value) for key, value in rest.items()}]


def _thrown(rest: dict[str, Any], error: BaseException) -> dict[str, Any]:
    """Describe the exception; keep of the other fields what says more than it does."""
    repeats = {
        "message": str(error),
        "error.kind": rest.get("error.kind") if rest.get("error.kind") in _kinds(error) else None,
        "stack": None if isinstance(rest.get("stack"), str) else rest.get("stack"),
    }
    kept = {key: value for key, value in rest.items() if value is not error and repeats.get(key) != value}
    return _exception(error) | kept


def _described(rest: dict[str, Any]) -> dict[str, Any]:
    """Name the fields of an error that comes without an exception."""
    if isinstance(rest.get("error.object"), type):
        rest = {"error.kind": rest["error.object"], **rest}
        del rest["error.object"]
    return {_ERROR_FIELDS.get(key, key): value for key, value in rest.items()}


def _is_exception(value: object) -> bool:
    return isinstance(value, BaseException)


def _kinds(error: BaseException) -> tuple[Any, ...]:
    return type(error), _name(type(error)), type(error).__name__


def _name(of: type) -> str:
    return of.__qualname__ if of.__module__ == "builtins" else f"{of.__module__}.{of.__qualname__}"


def _exception(error: BaseException) -> dict[str, str]:
    stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "exception.type": _name(type(error)),
        "exception.message": str(error),
        "exception.stacktrace": stack,
    }
