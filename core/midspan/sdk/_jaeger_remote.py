"""Sample as a Jaeger backend says: it is asked over HTTP, and asked again every minute.

`sampler="parentbased_jaeger_remote"`, with the argument in OpenTelemetry's form:
`endpoint=http://localhost:5778/sampling,pollingIntervalMs=60000,initialSamplingRate=0.25`. Agents, collectors
and the OpenTelemetry Collector's `jaegerremotesampling` extension answer on port 5778; the gRPC service that
some SDKs ask on port 14250 gives the same strategies. Without an endpoint, jaeger-client's variables count:
JAEGER_SAMPLING_ENDPOINT, JAEGER_SAMPLER_MANAGER_HOST_PORT, JAEGER_AGENT_HOST.
"""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Final

from midspan import _trouble
from midspan._forks import after_in_child
from midspan._native import TooEarlyError, allocate_lock, start_thread
from midspan.sdk._jaeger_agent import DEFAULT_ENDPOINT, Agent
from midspan.sdk._jaeger_strategies import probabilistic, strategy_of
from midspan.trace import suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from midspan.sdk.sampling import Sampler, SamplingRequest, SamplingResult

__all__ = ["DEFAULT_INTERVAL_S", "DEFAULT_RATE", "JaegerRemote"]

DEFAULT_INTERVAL_S: Final = 60.0
# What jaeger-client samples until it knows better.
DEFAULT_RATE: Final = 0.001
_SHORTEST_INTERVAL_S: Final = 0.1
_FIRST_RETRY_S: Final = 1.0


class JaegerRemote:
    """Ask a strategy for every span, and the backend for a strategy; the last good one stays in force.

    The first span starts the thread that asks. A fork leaves it behind, and the child starts its own.
    """

    def __init__(
        self,
        service_name: Callable[[], str],
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        interval_s: float = DEFAULT_INTERVAL_S,
        initial_rate: float = DEFAULT_RATE,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take whom to ask for, where, and how often.

        The name is a function: legacy start-up code may give the service a name later.

        Raises:
            ValueError: The endpoint is no HTTP URL, or the rate is not from 0.0 to 1.0.
        """
        self._service_name = service_name
        self._agent = Agent(endpoint)
        self._interval_s = max(interval_s, _SHORTEST_INTERVAL_S)
        self._clock_s = clock_s
        self._strategy: Sampler = probabilistic(initial_rate)
        self._answer: object = None
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
                answer = self._agent.strategies_of(self._service_name())
            if answer != self._answer:
                self._strategy = strategy_of(answer, self._clock_s, self._strategy)
                self._answer = answer
        except Exception as error:  # noqa: BLE001 - the network, and whatever answered
            _trouble.note(
                "sampler.jaeger_remote", "no sampling strategy from %s", self._agent.endpoint, error=error
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
        except TooEarlyError:
            pass
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

    def __repr__(self) -> str:
        return f"jaeger_remote:endpoint={self._agent.endpoint}"


_live: weakref.WeakSet[JaegerRemote] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for sampler in list(_live):
        sampler.after_fork()


# Registered once for all samplers: a fork handler cannot be taken back.
after_in_child(_after_fork_in_child)
