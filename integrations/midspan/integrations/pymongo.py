"""Record the commands that are sent with PyMongo, by its clients for threads and for asyncio.

PyMongo tells of each command by events, in the thread or task that sends it; a span begins and ends with
those. Commands that log in are not recorded, nor are heartbeats.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from midspan._environment import ConfigurationError
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


def instrument(client: Any = None, **options: Unpack[DbOptions]) -> None:  # noqa: ANN401 - PyMongo's own
    """Record the commands of one client, or, without one, of every client that is made from now on.

    PyMongo gives a client its listeners when it is made; one that was made before can be instrumented alone.
    Hooks are called with PyMongo's own events: `request_hook(span, started_event)`,
    `response_hook(span, succeeded_event)`. The options are those of every database; `comments` has no
    meaning here.

    Raises:
        ConfigurationError: PyMongo is missing or too old, an option is not valid, or the client has yet to
            ask where its servers are (`mongodb+srv`): it does so with its first command.
    """
    policy = DbPolicy("midspan.integrations.pymongo", db_settings("pymongo", options))

    def put(patches: Patches) -> None:
        listener = _listener() if client is None else _listener_of(client)
        listener.policy, listener.patches = policy, patches

    if client is None:
        _integration.turn_on(("pymongo.monitoring",), put)
    else:
        _integration.turn_on_for(client, put)


def uninstrument(client: Any = None) -> None:  # noqa: ANN401 - as above
    """Record nothing any more: of one client what it was told alone, or of any client what they all were.

    What listens stays with its clients, and is silent.
    """
    if client is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(client)


@cache
def _kind() -> Any:  # noqa: ANN401 - a class that only exists where PyMongo does
    """Return the class of what PyMongo takes for a listener."""
    from pymongo import monitoring  # noqa: PLC0415 - only who instruments it must have it

    class Listener(_Listener, monitoring.CommandListener):  # type: ignore[misc]  # PyMongo has no types here
        """What listens to the commands of one client, or of all."""

    return Listener


@cache
def _listener() -> Any:  # noqa: ANN401 - as above
    """Return the one listener, which clients have from when they were made, whatever was set since."""
    from pymongo import monitoring  # noqa: PLC0415 - as above

    listener = _kind()()
    monitoring.register(listener)
    return listener


def _listener_of(client: Any) -> Any:  # noqa: ANN401 - PyMongo's own
    """Return the listener that one client has of its own, which hears of a command before the one of all."""
    if getattr(client, "_resolve_srv_info", {}).get("is_srv") and client._topology is None:
        # It will make its listeners anew.
        message = "the client has not asked for its servers yet: instrument it after its first command"
        raise ConfigurationError(message)
    known = client._event_listeners
    heard = known._EventListeners__command_listeners
    for listener in heard:
        if isinstance(listener, _kind()) and listener.is_of_one:
            return listener
    own = _kind()()
    own.is_of_one = True
    # A new list: an event may be on its way along the other one.
    known._EventListeners__command_listeners = [own, *heard]
    known._EventListeners__enabled_for_commands = True
    return own


# The commands under way. Of two listeners, the first one to hear of a command records it.
_open: Final[dict[tuple[Any, int], DbCall]] = {}


class _Listener:
    """Begin a span with each command that starts, and end it with its answer."""

    policy: DbPolicy
    # None until it is turned on: clients may be there already.
    patches: Patches | None = None
    is_of_one = False

    def started(self, event: Any) -> None:  # noqa: ANN401 - PyMongo's own
        if self.patches is None or not self.patches.on or _key(event) in _open:
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
        if len(_open) >= _MOST_OPEN:
            # An interrupt came between: nobody will tell its end.
            _end(next(iter(list(_open))), 0)
        _open[_key(event)] = call

    def succeeded(self, event: Any) -> None:  # noqa: ANN401 - as above
        call = _open.get(_key(event))
        if call is not None:
            call.answer_hook(event)
            # To the protocol, a write that was refused is a success that tells of an error.
            failure = _pymongo_command.refusal(event.reply)
            if failure is not None:
                _refused(call, failure)
            _end(_key(event), event.duration_micros * _NS_PER_US)

    def failed(self, event: Any) -> None:  # noqa: ANN401 - as above
        call = _open.get(_key(event))
        if call is not None:
            _refused(call, event.failure)
            _end(_key(event), event.duration_micros * _NS_PER_US)


def _refused(call: DbCall, failure: Any) -> None:  # noqa: ANN401 - a document
    code = failure.get("code")
    status = None if code is None else str(code)
    kind = failure.get("codeName") or failure.get("errtype") or status or "_OTHER"
    call.refused(str(kind), status, str(failure.get("errmsg", "")))


def _end(key: tuple[Any, int], duration_ns: int) -> None:
    call = _open.pop(key, None)
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
    for listener in getattr(publisher, "event_listeners", tuple)():
        module = type(listener).__module__
        if module in _LEGACY and not is_idle(getattr(listener, "tracer", None)):
            return str(module)
    return None
