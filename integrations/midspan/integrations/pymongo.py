"""Record the commands that are sent with PyMongo, by its clients for threads and for asyncio.

PyMongo tells of each command by events, in the thread or task that sends it; a span begins and ends with
those. Commands that log in are not recorded, nor are heartbeats.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations import _pymongo_command
from midspan.integrations._beside import is_idle, stands_back
from midspan.integrations._db import DbPolicy, Target, db_settings
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from midspan.integrations._db import DbCall, DbOptions
    from midspan.integrations._patches import Patches

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("pymongo", "pymongo", oldest="3.13")

_integration: Final = Integration("pymongo", LIBRARY)
_LEGACY: Final = ("opencensus.ext.pymongo.trace", "pymongo_opentracing.tracing")
_SYSTEM: Final = "mongodb"
_MOST_OPEN: Final = 4096
_NS_PER_US: Final = 1000


def instrument(**options: Unpack[DbOptions]) -> None:
    """Record the commands of every client that is made from now on.

    PyMongo gives a client its listeners when it is made. Hooks are called with PyMongo's own events:
    `request_hook(span, started_event)`, `response_hook(span, succeeded_event)`. The options are those of
    every database; `comments` has no meaning here.

    Raises:
        ConfigurationError: PyMongo is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.pymongo", db_settings("pymongo", options))

    def put(patches: Patches) -> None:
        listener = _listener()
        listener.policy, listener.patches = policy, patches

    _integration.turn_on(("pymongo.monitoring",), put)


def uninstrument() -> None:
    """Record nothing any more, of any client."""
    _integration.turn_off()


@cache
def _listener() -> Any:  # noqa: ANN401 - a class that only exists where PyMongo does
    """Return the one listener, which clients have from when they were made, whatever was set since."""
    from pymongo import monitoring  # noqa: PLC0415 - only who instruments it must have it

    class Listener(_Listener, monitoring.CommandListener):  # type: ignore[misc]  # PyMongo has no types here
        """What PyMongo takes for a listener."""

    listener = Listener()
    monitoring.register(listener)
    return listener


class _Listener:
    """Begin a span with each command that starts, and end it with its answer."""

    policy: DbPolicy
    # None until it is turned on: clients may be there already.
    patches: Patches | None = None

    def __init__(self) -> None:
        self._open: dict[tuple[Any, int], DbCall] = {}

    def started(self, event: Any) -> None:  # noqa: ANN401 - PyMongo's own
        if self.patches is None or not self.patches.on:
            return
        # Of a command that holds a password, PyMongo tells nothing.
        if not event.command or not self.policy.is_to_record() or stands_back("pymongo", _legacy()):
            return
        told = _pymongo_command.told(event.command_name, event.command, self.policy.settings.statements)
        host, port = event.connection_id
        call = self.policy.call(
            Target(_SYSTEM, event.database_name, host, port),
            event.command_name,
            told.collection,
            shown=told.text,
            batch=told.batch,
        )
        call.hook(event)
        if len(self._open) >= _MOST_OPEN:
            # An interrupt came between: nobody will tell its end.
            self._end(next(iter(list(self._open))), 0)
        self._open[_key(event)] = call

    def succeeded(self, event: Any) -> None:  # noqa: ANN401 - as above
        call = self._open.get(_key(event))
        if call is not None:
            call.answer_hook(event)
            self._end(_key(event), event.duration_micros * _NS_PER_US)

    def failed(self, event: Any) -> None:  # noqa: ANN401 - as above
        call = self._open.get(_key(event))
        if call is not None:
            failure = event.failure
            code = failure.get("code")
            kind = failure.get("codeName") or failure.get("errtype") or "_OTHER"
            call.refused(str(kind), None if code is None else str(code), str(failure.get("errmsg", "")))
            self._end(_key(event), event.duration_micros * _NS_PER_US)

    def _end(self, key: tuple[Any, int], duration_ns: int) -> None:
        call = self._open.pop(key, None)
        if call is not None:
            call.ended(duration_ns)


def _key(event: Any) -> tuple[Any, int]:  # noqa: ANN401 - as above
    return event.connection_id, event.request_id


def _legacy() -> str | None:
    """Return the legacy library that listens to this client as well, and records."""
    if not any(name in sys.modules for name in _LEGACY):
        return None
    # What calls our `started` is what has all of the client's listeners.
    publisher = sys._getframe(2).f_locals.get("self")
    for listener in publisher.event_listeners() if publisher is not None else ():
        module = type(listener).__module__
        if module in _LEGACY and not is_idle(getattr(listener, "tracer", None)):
            return str(module)
    return None
