"""Put together what code and variables say about where Kafka is, and refuse what cannot be."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan._environment import Environment
from midspan.exporters._http import checked_choice, checked_timeout_s, refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Given", "Settings", "read_settings", "without_secrets"]

_PREFIX: Final = "MIDSPAN_KAFKA_"
# The first is the default: of the benchmark's batch it leaves a seventh, lz4 and snappy a fifth.
_COMPRESSIONS: Final = ("zstd", "lz4", "snappy", "gzip", "none")
_ACKS: Final = ("all", "1", "0")
_TRACES_KEYS: Final = ("trace_id", "none")
_METRICS_KEYS: Final = ("resource", "none")
_DEFAULT_TIMEOUT_S: Final = 10.0
# What librdkafka and brokers take by default.
_MAX_MESSAGE_BYTES: Final = 1_000_000
# Kafka's rule for names of topics; "." and ".." are none either.
_TOPIC: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_BROKER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s,/@:\[\]]+)(?::([0-9]{1,5}))?")
_MAX_PORT: Final = 65_535
# What has an argument of its own, or is this exporter's business.
_OURS: Final = frozenset(
    {"bootstrap.servers", "metadata.broker.list", "client.id", "error_cb", "logger", "transactional.id"}
)
_SECRET: Final = re.compile(r"pass|secret|token|key|pem|jaas|credential|username|oauthbearer\.config")


class Given(NamedTuple):
    """What code says; None leaves it to the variables, where there are any, and to the defaults."""

    brokers: str | None = None
    traces_topic: str | None = None
    metrics_topic: str | None = None
    traces_key: str | None = None
    metrics_key: str | None = None
    client_id: str | None = None
    compression: str | None = None
    acks: str | int | None = None
    timeout_s: float | None = None
    headers: Mapping[str, str] | None = None
    config: Mapping[str, Any] | None = None


class Settings(NamedTuple):
    """Where and how to send; topics and keys are those of `"spans"` and `"metrics"`."""

    brokers: str
    topics: Mapping[str, str]
    keys: Mapping[str, str]
    compression: str
    # Infinite if a body may take as long as its caller allows.
    timeout_s: float
    headers: Sequence[tuple[str, bytes]]
    # librdkafka's own properties that somebody has given: secrets may be among them.
    config: Mapping[str, Any]
    acks: str
    client_id: str

    @property
    def max_message_bytes(self) -> int:
        """How long a message may be, with its key."""
        given = self.config.get("message.max.bytes")
        return _MAX_MESSAGE_BYTES if given is None else int(given)

    @property
    def properties(self) -> dict[str, Any]:
        """All that librdkafka is told."""
        timeout_ms = 300_000 if math.isinf(self.timeout_s) else max(1000, int(self.timeout_s * 1000))
        return {
            "bootstrap.servers": self.brokers,
            "client.id": self.client_id,
            "acks": self.acks,
            # What librdkafka itself sends again is stored once, and in its order.
            "enable.idempotence": self.acks == "all",
            "compression.type": self.compression,
            # The Collector's exporter divides by this hash as well: a trace of which parts come through a
            # collector has one partition.
            "partitioner": "fnv1a_random",
            # A shipment is flushed, which waits for no more; this lets it come together first.
            "linger.ms": 100,
            # Whoever sends gives up before librdkafka does.
            "message.timeout.ms": timeout_ms + 5000,
            "request.timeout.ms": min(timeout_ms, 900_000),
            "socket.timeout.ms": min(timeout_ms + 1000, 300_000),
            "topic.metadata.propagation.max.ms": min(3000, timeout_ms // 2),
            "reconnect.backoff.max.ms": 1000,
            **self.config,
        }


def read_settings(given: Given, variables: Mapping[str, str] | None = None) -> Settings:
    """Return what holds: code before the variables before the defaults.

    Raises:
        ConfigurationError: Something cannot be; the message names it, its value and what is allowed.
    """
    said = _Said(given, Environment(variables))
    timeout_who, timeout = said.look_up("timeout_s", "TIMEOUT")
    who, client_id = said.look_up("client_id")
    return Settings(
        brokers=_brokers(*said.look_up("brokers")),
        topics={
            "spans": _topic(*said.look_up("traces_topic"), "otlp_spans"),
            "metrics": _topic(*said.look_up("metrics_topic"), "otlp_metrics"),
        },
        keys={
            "spans": _one_of(*said.look_up("traces_key"), _TRACES_KEYS),
            "metrics": _one_of(*said.look_up("metrics_key"), _METRICS_KEYS),
        },
        compression=_one_of(*said.look_up("compression"), _COMPRESSIONS),
        timeout_s=_DEFAULT_TIMEOUT_S if timeout is None else checked_timeout_s(timeout_who, timeout),
        headers=_headers(given.headers),
        config=_config(said),
        acks=_one_of(*said.look_up("acks"), _ACKS),
        client_id="midspan" if client_id is None else _text(who, client_id),
    )


def without_secrets(text: str, config: Mapping[str, Any]) -> str:
    """Return what librdkafka says about its properties, without the values of those that are secret."""
    for name, value in config.items():
        if isinstance(value, str) and value and _SECRET.search(name):
            text = text.replace(value, "...")
    return text


class _Said:
    """Look a setting up in code and variables, and remember who said it."""

    def __init__(self, given: Given, environment: Environment) -> None:
        self.given = given
        self.environment = environment

    def look_up(self, name: str, variable: str = "") -> tuple[str, Any]:
        """Return who speaks (an argument or a variable) and what is said, or None."""
        value = getattr(self.given, name)
        if value is not None:
            return name, value
        variable = _PREFIX + (variable or name.upper())
        return variable, self.environment.text(variable)


def _brokers(who: str, value: Any) -> str:  # noqa: ANN401 - whatever a person wrote
    if value is None:
        return "localhost:9092"
    brokers = [item.strip() for item in value.split(",")] if isinstance(value, str) else []
    matches = [_BROKER.fullmatch(broker) for broker in brokers]
    if not matches or not all(match and 0 < int(match[1] or 1) <= _MAX_PORT for match in matches):
        raise refused(who, value, "hosts with their ports, as in kafka-1:9092,kafka-2:9092")
    return ",".join(brokers)


def _topic(who: str, value: Any, default: str) -> str:  # noqa: ANN401 - as above
    if value is None:
        return default
    if not isinstance(value, str) or not _TOPIC.fullmatch(value):
        raise refused(who, value, "the name of a topic: up to 249 letters, digits, dots, _ and -")
    return value


def _one_of(who: str, value: Any, allowed: Sequence[str]) -> str:  # noqa: ANN401 - as above
    return allowed[0] if value is None else checked_choice(who, str(value), allowed)


def _text(who: str, value: Any) -> str:  # noqa: ANN401 - as above
    if not isinstance(value, str) or not value or not value.isprintable():
        raise refused(who, value, "a text")
    return value


def _headers(given: Mapping[str, str] | None) -> list[tuple[str, bytes]]:
    headers = []
    for name, value in (given or {}).items():
        # What is wrong is told without the value: it may be a secret.
        if not isinstance(name, str) or not name or not isinstance(value, str):
            raise refused("headers", {name: "..."}, "a mapping of texts to texts")
        headers.append((name, value.encode()))
    return headers


def _config(said: _Said) -> Mapping[str, Any]:
    given = said.given.config
    if given is None:
        who, config = f"{_PREFIX}CONFIG", dict(said.environment.pairs(f"{_PREFIX}CONFIG"))
    else:
        who, config = "config", dict(given)
    ours = sorted(_OURS.intersection(config))
    if ours:
        allowed = "whatever librdkafka can be told, but not this: see the other arguments"
        raise refused(who, f"{ours[0]}=...", allowed)
    size = config.get("message.max.bytes")
    if size is not None and not str(size).isdecimal():
        raise refused(who, f"message.max.bytes={size}", "a whole number of bytes")
    return config
