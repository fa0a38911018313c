"""Record the commands that are sent with redis-py: by its clients for threads, for asyncio, and of clusters.

A pipeline is one span, however many commands it holds. What a subscriber reads has none: it waits there for
most of its time. The arguments of commands are values as well as keys, and a key may hold a session's token:
none is shown unless `statements="raw"` asks for it.
"""

from __future__ import annotations

from functools import cache, partial, wraps
from importlib import import_module
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final

from midspan.integrations import _redis
from midspan.integrations._beside import Legacy
from midspan.integrations._db import DbPolicy, Target, db_settings, named_as
from midspan.integrations._integration import Integration
from midspan.integrations._library import Library
from midspan.integrations._plumbing import is_plumbing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from typing_extensions import Unpack

    from midspan.integrations._db import DbCall, DbOptions
    from midspan.integrations._patches import Patches

    # Begins the span of what a client is about to send, whose arguments are these; None: nothing.
    _Opened = Callable[[DbPolicy, Any, tuple[Any, ...]], DbCall | None]

__all__ = ["LIBRARY", "instrument", "uninstrument"]

LIBRARY: Final = Library("redis", "redis", oldest="4.2")

_integration: Final = Integration("redis", LIBRARY)
_SYSTEM: Final = "redis"
# They know the clients for threads alone.
_LEGACY: Final = Legacy(
    "redis",
    {"redis_opentracing.tracing": ("component", "redis-py")},
    ("redis_opentracing.tracing", "opentracing_instrumentation.client_hooks.strict_redis"),
)


def _command(policy: DbPolicy, client: Any, arguments: tuple[Any, ...]) -> DbCall:  # noqa: ANN401 - redis-py's own
    """Begin the span of one command."""
    shown = _redis.shown(arguments, policy.settings.statements)
    call = policy.call(_target(client), _redis.operation_of(arguments), shown=shown)
    call.hook(client, arguments[0] if arguments else None, arguments[1:])
    return call


def _pipeline(policy: DbPolicy, pipeline: Any, _: tuple[Any, ...]) -> DbCall | None:  # noqa: ANN401 - as above
    """Begin the span of all commands that a pipeline holds; None if it will send nothing."""
    commands, is_transaction, is_watching = _queued(pipeline)
    if not commands and not is_watching:
        return None
    kind = "MULTI" if is_transaction else "PIPELINE"
    operation = _redis.operation_of_all(commands, kind)
    shown = _redis.shown_all(commands, policy.settings.statements)
    call = policy.call(_target(pipeline), operation, shown=shown, batch=len(commands))
    call.hook(pipeline, kind, commands)
    return call


def _queued(pipeline: Any) -> tuple[list[tuple[Any, ...]], bool, bool]:  # noqa: ANN401 - as above
    """Return the commands that a pipeline holds, whether it is a transaction, and whether it watches keys."""
    if not hasattr(pipeline, "connection_pool"):
        return _redis.queued(pipeline)
    asked = getattr(pipeline, "is_transaction", pipeline.transaction)  # asyncio's first
    commands = [arguments for arguments, _ in pipeline.command_stack]
    return commands, bool(asked or pipeline.explicit_transaction), bool(pipeline.watching)


def _target(client: Any) -> Target:  # noqa: ANN401 - a client or a pipeline
    pool = getattr(client, "connection_pool", None)
    if pool is None:
        # A cluster has but one database.
        return Target(_SYSTEM, "0", *_redis.entry(client))
    known = getattr(pool, "connection_kwargs", None) or {}
    namespace = str(known.get("db") or 0)
    if "path" in known or hasattr(pool, "service_name"):
        # A socket of Unix; or Sentinel's, which tells the address with each connection.
        return Target(_SYSTEM, namespace, known.get("path"))
    return Target(_SYSTEM, namespace, known.get("host", "localhost"), known.get("port", 6379))


def instrument(client: Any = None, **options: Unpack[DbOptions]) -> None:  # noqa: ANN401 - redis-py's own
    """Record the commands of one client (its pipelines too), or, without one, of every client.

    Hooks are called with redis-py's own objects: `request_hook(span, client, command, arguments)`,
    `response_hook(span, client, answer)`; of a pipeline, `command` is `MULTI` or `PIPELINE`, and `arguments`
    are its commands. The options are those of every database; `comments` has no meaning here.

    Raises:
        ConfigurationError: redis-py is missing or too old, or an option is not valid.
    """
    policy = DbPolicy("midspan.integrations.redis", db_settings("redis", options), _redis.status_of)

    def put_in_client(patches: Patches) -> None:
        sends = _sending_async if iscoroutinefunction(client.execute_command) else _sending
        patches.around(client, "execute_command", sends(policy, patches))
        patches.around(client, "pipeline", _piping(policy, patches, sends))
        if hasattr(client, "get_redis_connection"):
            patches.around(client, "get_redis_connection", _redis.telling_nodes(policy, patches))

    def put_in(module: str, sends: Callable[..., Any], patches: Patches) -> None:
        of_module: Any = import_module(module)
        patches.around(of_module.Redis, "execute_command", sends(policy, patches))
        for name, opened in _OF_PIPELINES.items():
            patches.around(of_module.Pipeline, name, sends(policy, patches, opened))

    def put_in_cluster(module: str, sends: Callable[..., Any], patches: Patches) -> None:
        command, pipeline = sends(policy, patches), sends(policy, patches, _pipeline)
        _redis.put_in(import_module(module), policy, patches, command, pipeline)

    if client is None:
        # Older versions do not bring what is for asyncio; who asks for it later gets it instrumented.
        puts = (
            ("redis.client", put_in, _sending),
            ("redis.asyncio.client", put_in, _sending_async),
            ("redis.cluster", put_in_cluster, _sending),
            ("redis.asyncio.cluster", put_in_cluster, _sending_async),
        )
        _integration.turn_on_when_imported(
            {module: partial(put, module, sends) for module, put, sends in puts}
        )
    else:
        _integration.turn_on_for(client, put_in_client)


def uninstrument(client: Any = None) -> None:  # noqa: ANN401 - as above
    """Take back what `instrument` did to one client, or to all of them."""
    if client is None:
        _integration.turn_off()
    else:
        _integration.turn_off_for(client)


# What a pipeline sends at once (`WATCH`, and what is read while watching), and what it sends in the end.
_OF_PIPELINES: Final[dict[str, _Opened]] = {"immediate_execute_command": _command, "execute": _pipeline}
_OF_CLUSTERS: Final[dict[str, _Opened]] = {"execute": _pipeline}
_OF_TRANSACTIONS: Final[dict[str, _Opened]] = {"_immediate_execute_command": _command}


def _piping(policy: DbPolicy, patches: Patches, sends: Callable[..., Any]) -> Callable[[Any], Any]:
    """Have the pipelines of one client record: of a subclass, so that `isinstance` holds."""

    @cache
    def traced(native: Any, verbs: tuple[tuple[str, _Opened], ...]) -> Any:  # noqa: ANN401 - a class, and a subclass of it
        own = {name: sends(policy, patches, opened)(getattr(native, name)) for name, opened in verbs}
        # Without slots of its own, an object may become one of it.
        return named_as(type(native.__name__, (native,), {**own, "__slots__": ()}), native)

    def become(made: Any, verbs: dict[str, _Opened]) -> None:  # noqa: ANN401 - a pipeline, or what it sends with
        # redis-py chooses the class itself; and methods hung on the object would hold it in a cycle.
        made.__class__ = traced(made.__class__, tuple(verbs.items()))

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def pipeline(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - redis-py's own
            made = native(self, *arguments, **named)
            if patches.on:
                become(made, _OF_PIPELINES if hasattr(made, "connection_pool") else _OF_CLUSTERS)
                strategy = getattr(made, "_execution_strategy", None)
                if hasattr(strategy, "_immediate_execute_command"):
                    become(strategy, _OF_TRANSACTIONS)
            return made

        return pipeline

    return around


def _sending(policy: DbPolicy, patches: Patches, opened: _Opened = _command) -> Callable[[Any], Any]:
    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def send(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - redis-py's own
            call = None
            if patches.on and _is_to_record(policy, self) and not _LEGACY.is_here(native):
                call = opened(policy, self, arguments)
            if call is None:
                return native(self, *arguments, **named)
            with call:
                answer = native(self, *arguments, **named)
                call.answer_hook(self, answer)
                return answer

        return send

    return around


def _sending_async(policy: DbPolicy, patches: Patches, opened: _Opened = _command) -> Callable[[Any], Any]:
    def around(native: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(native)
        async def send(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            call = opened(policy, self, arguments) if patches.on and _is_to_record(policy, self) else None
            if call is None:
                return await native(self, *arguments, **named)
            with call:
                answer = await native(self, *arguments, **named)
                call.answer_hook(self, answer)
                return answer

        return send

    return around


def _is_to_record(policy: DbPolicy, client: Any) -> bool:  # noqa: ANN401 - a client or a pipeline
    return policy.is_to_record() and not is_plumbing(getattr(client, "connection_pool", None))
