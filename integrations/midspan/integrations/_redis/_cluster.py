"""Know redis-py's clients of a cluster: where they hold what others hold elsewhere, and which node they ask.

A command is one span, however many nodes it takes, or redirections until it is at the right one.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from midspan import trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.integrations._db import DbPolicy
    from midspan.integrations._patches import Patches

__all__ = ["entry", "put_in", "queued", "telling_nodes"]


def entry(client: Any) -> tuple[str | None, int | None]:  # noqa: ANN401 - a client, a pipeline or what it sends with
    """Return the address of the first node that the client of a cluster knows, if it knows one."""
    # What sends a transaction knows its pipeline; a pipeline for asyncio its client (`_client` until 6.1).
    for owner in ("_pipe", "cluster_client", "_client"):
        client = getattr(client, owner, client)
    manager = getattr(client, "nodes_manager", None)
    for node in [*getattr(manager, "startup_nodes", {}).values()]:
        return node.host, node.port
    return None, None


def queued(pipeline: Any) -> tuple[list[tuple[Any, ...]], bool, bool]:  # noqa: ANN401 - of a cluster
    """Return the commands that a pipeline holds, whether it is a transaction, and whether it watches keys."""
    # Before there were transactions, pipelines held their commands themselves.
    strategy = getattr(pipeline, "_execution_strategy", pipeline)
    for name in ("_command_queue", "_command_stack", "command_stack"):
        if hasattr(strategy, name):
            commands = [command.args for command in getattr(strategy, name)]
            # The strategy of transactions alone has this.
            watching = getattr(strategy, "_watching", None)
            return commands, watching is not None, bool(watching)
    return [], False, False


def put_in(
    module: Any,  # noqa: ANN401 - redis.cluster, or redis.asyncio.cluster
    policy: DbPolicy,
    patches: Patches,
    command: Callable[[Any], Any],
    pipeline: Callable[[Any], Any],
) -> None:
    """Put `command` around what sends one, `pipeline` around what sends many, and have both tell the node."""
    patches.around(module.RedisCluster, "execute_command", command)
    patches.around(module.ClusterPipeline, "execute", pipeline)
    if hasattr(module, "TransactionStrategy"):
        # What is sent at once: `WATCH`, and what is read while watching.
        patches.around(module.TransactionStrategy, "_immediate_execute_command", command)
    if hasattr(module.RedisCluster, "get_redis_connection"):
        patches.around(module.RedisCluster, "get_redis_connection", telling_nodes(policy, patches))
    else:
        patches.around(module.ClusterNode, "execute_command", telling_nodes(policy, patches))
        patches.around(module.ClusterNode, "execute_pipeline", telling_nodes(policy, patches))


def telling_nodes(policy: DbPolicy, patches: Patches) -> Callable[[Any], Any]:
    """Return what is put around a method that asks a node: itself, or its first argument.

    The last one asked is the one that answered, as the semantic conventions have it.
    """

    def around(native: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(native)
        def ask(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - redis-py's own
            if patches.on and policy.settings.semconv != "legacy":
                span = trace.get_current_span()
                # Any client may ask for a node's connection; and what it sends there has a span of its own.
                if getattr(getattr(span, "scope", None), "name", "") == policy.tracer.scope.name:
                    node = self if hasattr(self, "port") else (*arguments, *named.values(), None)[0]
                    if hasattr(node, "host"):
                        span.set_attribute("network.peer.address", node.host)
                        span.set_attribute("network.peer.port", node.port)
            return native(self, *arguments, **named)

        return ask

    return around
