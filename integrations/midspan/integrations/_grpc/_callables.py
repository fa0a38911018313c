"""Record what is called through a channel's multi-callables, as objects of subclasses of their own classes.

With an interceptor, gRPC would return calls of other kinds and raise some errors elsewhere; in older versions
of `grpc.aio`, not at all.
"""

from __future__ import annotations

import inspect
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, NamedTuple

from midspan import _trouble, context
from midspan.integrations._grpc._legacy import carried

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._grpc._begin import Calling

__all__ = ["Kind", "record"]


class Kind(NamedTuple):
    """What is different between `grpc` and `grpc.aio`.

    `details` makes what describes a call, `metadata` makes metadata of pairs. `is_left` says whether somebody
    else records the call. `follow(call, details, outcome)` sees that the span ends with what was returned,
    `answered` ends it where that was the answer itself, and `raised(call, details, error)` where nothing was.
    """

    details: Any
    metadata: Callable[[list[Any]], Any]
    is_left: Callable[[], bool]
    follow: Callable[..., None]
    answered: Callable[..., None]
    raised: Callable[..., None]


def record(made: Any, calling: Calling, kind: Kind) -> None:  # noqa: ANN401 - a multi-callable of gRPC's
    """Have a multi-callable record each call, if it is of a kind that can."""
    try:
        native: Any = type(made)
        called = calling, _text(made._method)
        made.__class__ = _recording(native, kind)
        made._midspan = called
    except Exception as error:  # noqa: BLE001 - a channel may be an object of the application's own
        _trouble.report("integration.grpc", "the calls of %s are not recorded", made, error=error)


@cache
def _recording(native: Any, kind: Kind) -> Any:  # noqa: ANN401 - a class of gRPC's
    # Only where there is one answer can a call wait for it.
    is_blocking = hasattr(native, "with_call")
    functions = {
        name: _around(getattr(native, name), kind, kind.answered if waits else kind.follow)
        for name, waits in (("__call__", is_blocking), ("with_call", True), ("future", False))
        if hasattr(native, name)
    }
    # Its parent's names, for reprs and for messages of errors.
    names = {"__module__": native.__module__, "__qualname__": native.__qualname__}
    return type(native)(native.__name__, (native,), {**names, **functions})


def _around(native: Callable[..., Any], kind: Kind, end: Callable[..., None]) -> Callable[..., Any]:
    parameters = list(inspect.signature(native).parameters.values())[2:]
    # Those that may follow the request without their names.
    options = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]

    @wraps(native)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - gRPC's own
        given = {**dict(zip(options, arguments[1:], strict=False)), **named}
        calling, method = self._midspan
        # What does not fit is for gRPC to complain of.
        fits = len(given) == len(arguments[1:]) + len(named)
        if not fits or not calling.patches.on:
            return native(self, *arguments, **named)
        if kind.is_left():
            given["metadata"] = carried(given.get("metadata"), kind.metadata)
            return native(self, *arguments[:1], **given)
        asked = (given.get(field) for field in kind.details._fields[1:])
        begun = calling.begin(kind.details(method, *asked), kind.metadata)
        if begun is None:
            return native(self, *arguments, **named)
        recorded, details = begun
        given["metadata"] = details.metadata
        try:
            with context.attached(recorded.context):
                outcome = native(self, *arguments[:1], **given)
        except BaseException as error:
            kind.raised(recorded, details, error)
            raise
        end(recorded, details, outcome)
        return outcome

    return call


def _text(method: Any) -> Any:  # noqa: ANN401 - as an application's code, or gRPC's, has it
    return method.decode("utf-8", "replace") if isinstance(method, bytes) else method
