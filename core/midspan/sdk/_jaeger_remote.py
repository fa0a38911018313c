"""Sample as a Jaeger backend says: it is asked over HTTP, and asked again every minute.

`sampler="parentbased_jaeger_remote"`, with the argument in OpenTelemetry's form:
`endpoint=http://localhost:5778/sampling,pollingIntervalMs=60000,initialSamplingRate=0.25`. Agents, collectors
and the OpenTelemetry Collector's `jaegerremotesampling` extension answer on port 5778; the gRPC service that
some SDKs ask on port 14250 gives the same strategies. Without an endpoint, jaeger-client's variables count:
JAEGER_SAMPLING_ENDPOINT, JAEGER_SAMPLER_MANAGER_HOST_PORT, JAEGER_AGENT_HOST.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
import weakref
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

from midspan import _trouble
from midspan._native import allocate_lock, start_thread
from midspan.sdk._environment import ConfigurationError
from midspan.sdk._jaeger_strategies import probabilistic, strategy_of
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.sdk._environment import Environment
    from midspan.sdk._samplers import Surroundings
    from midspan.sdk.sampling import Sampler, SamplingRequest, SamplingResult

__all__ = ["JaegerRemote", "jaeger_remote"]

_DEFAULT_ENDPOINT: Final = "http://localhost:5778/sampling"
_DEFAULT_INTERVAL_S: Final = 60.0
# What jaeger-client samples until it knows better.
_DEFAULT_RATE: Final = 0.001
_SHORTEST_INTERVAL_S: Final = 0.1
_TIMEOUT_S: Final = 10.0
_FIRST_RETRY_S: Final = 1.0
_MAX_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 65_536


class JaegerRemote:
    """Ask a strategy for every span, and the backend for a strategy; the last good one stays in force.

    The first span starts the thread that asks. A fork leaves it behind, and the child starts its own.
    """

    def __init__(
        self,
        service_name: Callable[[], str],
        endpoint: str = _DEFAULT_ENDPOINT,
        *,
        interval_s: float = _DEFAULT_INTERVAL_S,
        initial_rate: float = _DEFAULT_RATE,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take whom to ask for, where, and how often.

        The name is a function: legacy start-up code may give the service a name later.

        Raises:
            ValueError: The endpoint is no HTTP URL, or the rate is not from 0.0 to 1.0.
        """
        self._service_name = service_name
        self._endpoint = _url(endpoint)
        self._interval_s = max(interval_s, _SHORTEST_INTERVAL_S)
        self._clock_s = clock_s
        self._strategy: Sampler = probabilistic(initial_rate)
        self._answer: object = None
        self._opener = _opener()
        self._closed = False
        self._begin()
        _live.add(self)

    def _begin(self) -> None:
        """Start without a thread; in a forked child, again."""
        self._starting = allocate_lock()
        self._is_started = False
        self._stop = allocate_lock()
        self._stop.acquire()

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Decide by the strategy in force."""
        if not self._is_started:
            self._start()
        return self._strategy(request)

    def refresh(self) -> bool:
        """Ask once; False if there was no answer that can be followed, which is counted and said."""
        try:
            with suppressed():
                answer = self._ask()
            if answer != self._answer:
                self._strategy = strategy_of(answer, self._clock_s, self._strategy)
                self._answer = answer
        except Exception as error:  # noqa: BLE001 - the network, and whatever answered
            _trouble.note(
                "sampler.jaeger_remote", "no sampling strategy from %s", self._endpoint, error=error
            )
            return False
        return True

    def close(self) -> None:
        """Ask no more. The strategy in force stays."""
        self._closed = True
        _live.discard(self)
        self._stop_thread()

    def after_fork(self) -> None:
        """In the child: the thread did not come along."""
        self._begin()

    def _stop_thread(self) -> None:
        try:  # noqa: SIM105 - what is suppressed is one line away
            self._stop.release()
        except RuntimeError:
            pass  # Somebody else stopped it already.

    def _start(self) -> None:
        # Of all threads that start their first span together one starts the thread; nobody waits.
        if self._closed or not self._starting.acquire(blocking=False):
            return
        try:
            if not self._is_started:
                start_thread(self._run)
                self._is_started = True
        except RuntimeError as error:  # No thread to be had now: the next span tries again.
            _trouble.report("sampler.not_started", "the sampler's thread could not be started", error=error)
        finally:
            self._starting.release()

    def _run(self) -> None:
        stop, pauses = self._stop, self._pauses()
        while not stop.acquire(timeout=next(pauses)):
            pass

    def _pauses(self) -> Iterator[float]:
        """Ask again and again; yield the seconds until the next time.

        Until the first answer the pauses are short and grow: the agent may just be starting, too.
        """
        retry_s = _FIRST_RETRY_S
        while not self.refresh():
            yield min(retry_s, self._interval_s)
            retry_s *= 2
        while True:
            yield self._interval_s
            self.refresh()

    def _ask(self) -> object:
        service = quote(self._service_name(), safe="")
        joint = "&" if "?" in self._endpoint else "?"
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self._endpoint}{joint}service={service}", headers={"Accept": "application/json"}
        )
        deadline_s = time.monotonic() + _TIMEOUT_S
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                answer: object = json.loads(_read(response, deadline_s))
        except HTTPError as error:
            error.close()  # It holds the connection.
            raise
        return answer

    def __repr__(self) -> str:
        return f"jaeger_remote:endpoint={self._endpoint}"


def jaeger_remote(argument: str | None, about: Surroundings) -> JaegerRemote:
    """Make the sampler from an argument in OpenTelemetry's form.

    Raises:
        ConfigurationError: A variable of Jaeger's does not hold what it should.
        ValueError: The argument does not.
    """
    given = _pairs(argument)
    return JaegerRemote(
        about.service_name,
        given.get("endpoint") or _endpoint_of(about.environment),
        interval_s=_number(given, "pollingIntervalMs", _DEFAULT_INTERVAL_S * 1000) / 1000,
        initial_rate=_number(given, "initialSamplingRate", _DEFAULT_RATE),
        clock_s=about.clock_s,
    )


_KEYS: Final = ("endpoint", "pollingIntervalMs", "initialSamplingRate")


def _pairs(argument: str | None) -> dict[str, str]:
    given: dict[str, str] = {}
    for pair in filter(None, (argument or "").split(",")):
        key, equals, value = pair.partition("=")
        if not equals or key.strip() not in _KEYS:
            message = f"{pair!r} is none of {', '.join(f'{known}=...' for known in _KEYS)}"
            raise ValueError(message)
        given[key.strip()] = value.strip()
    return given


def _number(given: dict[str, str], key: str, default: float) -> float:
    try:
        number = float(given.get(key, default))
    except ValueError:
        number = -1.0
    if not 0.0 <= number < 1e12:  # noqa: PLR2004 - thirty years
        message = f"{key}={given[key]} is no number from 0"
        raise ValueError(message)
    return number


def _endpoint_of(environment: Environment) -> str:
    """Return the endpoint that jaeger-client's variables name, or the default."""
    for name, form in (
        ("JAEGER_SAMPLING_ENDPOINT", "{}"),
        ("JAEGER_SAMPLER_MANAGER_HOST_PORT", "http://{}/sampling"),
        ("JAEGER_AGENT_HOST", "http://{}:5778/sampling"),
    ):
        value = environment.text(name)
        if value is not None:
            try:
                return _url(form.format(value))
            except ValueError as error:
                message = f"{name}={value!r} is not valid: {error}"
                raise ConfigurationError(message) from None
    return _DEFAULT_ENDPOINT


def _url(endpoint: str) -> str:
    """Return the URL to ask, with the agent's path if it has none."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        message = "an endpoint is a URL such as http://localhost:5778/sampling"
        raise ValueError(message)
    _ = parts.port  # raises ValueError for what is no port
    return (parts if parts.path.strip("/") else parts._replace(path="/sampling")).geturl()


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens a URL of ours and nothing else: no proxy, no redirect to another place, no file."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener


def _read(response: Any, deadline_s: float) -> bytes:  # noqa: ANN401 - an http.client.HTTPResponse
    """Read a body that is neither too long nor too slow."""
    body = b""
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > _MAX_BYTES:
            message = f"the answer is longer than {_MAX_BYTES} bytes"
            raise ValueError(message)
        if time.monotonic() > deadline_s:
            message = f"the answer takes longer than {_TIMEOUT_S:g} s"
            raise TimeoutError(message)
    return body


_live: weakref.WeakSet[JaegerRemote] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for sampler in list(_live):
        sampler.after_fork()


# Registered once for all samplers: a fork handler cannot be taken back.
os.register_at_fork(after_in_child=_after_fork_in_child)
