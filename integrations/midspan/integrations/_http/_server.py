"""Record the requests that a server gets: the policy that WSGI, ASGI and every framework share."""

from __future__ import annotations

from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from midspan import context, metrics, trace
from midspan.context import Context
from midspan.integrations import _hooks
from midspan.integrations._http._known import name_of
from midspan.integrations._http._metrics import ServerMetrics
from midspan.integrations._http._vocabulary import VOCABULARIES
from midspan.integrations._inbound import arrived
from midspan.trace import SpanKind, StatusCode
from midspan.trace._exceptions import type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.integrations._http._request import ServerRequest
    from midspan.integrations._http._settings import HttpSettings

    ValuesOf: TypeAlias = Callable[[str], Iterable[str]]

__all__ = ["Exchange", "ServerPolicy", "begun_above"]

_FIRST_FAULT: Final = 500
# Under this key the context holds the exchange that is being served here.
_SERVED: Final = object()


def begun_above(request: ServerRequest) -> Exchange | None:
    """Return the exchange of this very request, if a layer above has begun it; None if this is the first.

    An adapter between WSGI and ASGI tells the request anew, in the same context. A request that a program
    makes to itself while it serves another is another one.
    """
    exchange: Any = context.current().values.get(_SERVED)
    return exchange if exchange is not None and exchange.request.is_same(request) else None


class ServerPolicy:
    """How one integration records the requests that it sees."""

    __slots__ = ("captures_answers", "captures_requests", "metrics", "settings", "tracer", "vocabulary")

    def __init__(self, scope: str, settings: HttpSettings) -> None:
        """Take the name of the instrumentation scope, and what the application has set."""
        self.settings = settings
        self.captures_requests = bool(settings.request_headers)
        # Whether anybody wants to know more of a response than its status.
        self.captures_answers = bool(settings.response_headers) or settings.response_hook is not None
        self.tracer = trace.get_tracer(scope)
        self.metrics = ServerMetrics(metrics.get_meter(scope), settings.semconv)
        self.vocabulary = VOCABULARIES[settings.semconv]

    def excludes(self, url: str) -> bool:
        """Say whether a URL (scheme, host and path) is one that is not to be recorded."""
        return url in self.settings.excluded

    def begin(self, request: ServerRequest, headers: Any, values_of: ValuesOf) -> Exchange:  # noqa: ANN401 - a carrier
        """Start the span of a request, under the caller's if `headers` name one; nothing is current yet.

        `values_of(name)` reads a header. It is not kept: that would be a cycle of references in each request.
        """
        return Exchange(self, request, headers, values_of)


class Exchange:
    """One request and its response, from the first byte to the last.

    The integration says what it learns (`routed`, `answered`, `failed`), each framework above it adds what it
    knows better, and whoever began it calls `end`, once.
    """

    __slots__ = (
        "_active",
        "_began_ns",
        "_duration_ns",
        "_error",
        "_failure",
        "_is_over",
        "_mount",
        "_parent",
        "_policy",
        "_route",
        "_status",
        "is_whole",
        "request",
        "span",
    )

    def __init__(
        self,
        policy: ServerPolicy,
        request: ServerRequest,
        headers: Any,  # noqa: ANN401 - a carrier
        values_of: ValuesOf,
    ) -> None:
        self._policy = policy
        self.request = request
        self._mount = ""
        self._route: str | None = None
        self._status: int | None = None
        self._error: str | None = None
        self._failure = 0
        self._is_over = False
        # Set by a framework that knows that nothing runs while the body is sent, nor when it is closed.
        self.is_whole = False
        self._duration_ns = -1
        # Before the span's own start, so that its end, told by this clock, is after that of what runs in it.
        self._began_ns = perf_counter_ns()
        parent, links = arrived(policy.settings.inbound, headers)
        settings = policy.settings
        attributes = policy.vocabulary.server(request)
        if policy.captures_requests:
            settings.request_headers.into(attributes, values_of)
        self.span = policy.tracer.start_span(
            name_of(request.known_method),
            kind=SpanKind.SERVER,
            attributes=attributes,
            links=links,
            parent=parent,
        )
        self._parent = parent
        self._active = policy.metrics.began(request)

    @property
    def context(self) -> Context:
        """What runs while the request is served runs in this context."""
        parent = self._parent
        # Few formats find more than the two: unpacking the empty mapping would cost 0.4 us.
        values = {**parent.values, _SERVED: self} if parent.values else {_SERVED: self}
        return Context(self.span, parent.baggage, values)

    def begun_by(self, policy: ServerPolicy) -> bool:
        """Say whether this policy began the exchange: nobody stands between then."""
        return self._policy is policy

    @property
    def is_answered(self) -> bool:
        """Say whether the status of the response is known."""
        return self._status is not None

    def hook(self, request: object) -> None:
        """Call the application's hook for requests with the library's own request."""
        _hooks.call(self._policy.settings.request_hook, self.span, request)

    def answer_hook(self, request: object, response: object) -> None:
        """Call the application's hook for responses with the library's own objects."""
        _hooks.call(self._policy.settings.response_hook, self.span, request, response)

    def mounted(self, template: str) -> None:
        """Learn below which template what serves the request is mounted; its routes do not have that."""
        self._mount += template

    def routed(self, route: str | None) -> None:
        """Learn the template of the path that serves the request; None and "" are no route."""
        if route:
            route = self._route = f"{self._mount}{route}"
            self.span.set_attribute("http.route", route)
            self.span.update_name(f"{name_of(self.request.known_method)} {route}")

    def answered(self, status: int, values_of: ValuesOf | None = None) -> None:
        """Learn the status of the response, and with `values_of(name)` how to read its headers."""
        self._status = status
        span = self.span
        for key in self._policy.vocabulary.status_keys:
            span.set_attribute(key, status)
        self._policy.settings.response_headers.into_span(span, values_of)
        # What raised, if anything did, says more than the number.
        if status >= _FIRST_FAULT and self._error is None:
            self._error = str(status)
            span.set_attribute("error.type", self._error)
            span.set_status(StatusCode.ERROR)

    def failed(self, error: BaseException) -> None:
        """Learn that serving the request raised `error`, whether or not a response is made of that."""
        # A framework tells of it, then it passes the layers below. An id keeps no frames alive.
        if isinstance(error, Exception) and self._failure != id(error):
            self._failure = id(error)
            self._error = type_name(error)
            self.span.set_attribute("error.type", self._error)
            self.span.fail(error)

    def sent(self) -> None:
        """Learn that the response is out: whatever follows until `end` is no part of the duration."""
        if self._duration_ns < 0:
            self._duration_ns = perf_counter_ns() - self._began_ns

    def end(self) -> None:
        """End the span and record the duration; a second end is without effect.

        To be called in the exchange's context, so that the measurement can tell its trace (exemplars).
        """
        if self._is_over:
            return
        self._is_over = True
        is_sent = self._duration_ns >= 0
        duration_ns = self._duration_ns if is_sent else perf_counter_ns() - self._began_ns
        self._policy.metrics.ended(
            self._active, self.request, duration_ns, self._route, self._status, self._error
        )
        self.span.end(self.span.start_ns + duration_ns if is_sent else None)
