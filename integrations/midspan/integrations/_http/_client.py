"""Record the requests that a client sends: the policy that requests, urllib3 and httpx share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import context, metrics, propagation, trace
from midspan.integrations import _hooks
from midspan.integrations._beside import is_exporting
from midspan.integrations._block import Block, is_inside
from midspan.integrations._http._known import name_of
from midspan.integrations._http._metrics import ClientMetrics
from midspan.integrations._http._request import ClientRequest
from midspan.integrations._http._vocabulary import VOCABULARIES
from midspan.trace import SpanKind, StatusCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from midspan.integrations._http._settings import HttpSettings

__all__ = ["Call", "ClientPolicy", "covered"]

_FIRST_FAULT: Final = 400
# Under this key the context says that a request is being sent already: by the library above this one.
_SENDING: Final = object()


def covered() -> context.attached:
    """Return a block in which no integration records a request: somebody else does so already."""
    return context.attached(context.current().with_value(_SENDING, value=True))


class ClientPolicy:
    """How one integration records the requests that it sends."""

    __slots__ = ("metrics", "settings", "tracer", "vocabulary")

    def __init__(self, scope: str, settings: HttpSettings) -> None:
        """Take the name of the instrumentation scope, and what the application has set."""
        self.settings = settings
        self.tracer = trace.get_tracer(scope)
        self.metrics = ClientMetrics(metrics.get_meter(scope), settings.semconv)
        self.vocabulary = VOCABULARIES[settings.semconv]

    def is_to_record(self, url: str) -> bool:
        """Say whether a request is to be recorded here.

        It is not where a library above this one does so already, where its URL is excluded, and where midspan
        itself, or an exporter of OpenCensus's, sends what was recorded.
        """
        if is_inside(_SENDING) or trace.is_suppressed() or is_exporting():
            return False
        return url not in self.settings.excluded

    def call(self, method: str, url: str, values_of: Callable[[str], Iterable[str]] | None = None) -> Call:
        """Return the block in which a request is sent; `values_of(name)` reads the request's headers."""
        return Call(self, ClientRequest(method, url), values_of)


class Call(Block):
    """One request as a block, in which the integration injects headers, sends, and tells the answer."""

    __slots__ = ("_policy", "_request", "_status")

    key = _SENDING

    def __init__(
        self,
        policy: ClientPolicy,
        request: ClientRequest,
        values_of: Callable[[str], Iterable[str]] | None,
    ) -> None:
        self._policy = policy
        self._request = request
        self._status: int | None = None
        attributes = policy.vocabulary.client(request)
        if policy.settings.request_headers and values_of is not None:
            policy.settings.request_headers.into(attributes, values_of)
        name = name_of(request.known_method)
        super().__init__(policy.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes))

    def inject(self, headers: Any, setter: Callable[[Any, str, Any], object] | None = None) -> None:  # noqa: ANN401 - a carrier
        """Write the span's identity into the headers of the request."""
        propagation.inject(headers, setter=setter)

    def hook(self, request: object) -> None:
        """Call the application's hook for requests with the library's own request."""
        _hooks.call(self._policy.settings.request_hook, self.span, request)

    def answer_hook(self, request: object, response: object) -> None:
        """Call the application's hook for responses with the library's own objects."""
        _hooks.call(self._policy.settings.response_hook, self.span, request, response)

    def answered(
        self,
        status: int,
        version: str | None = None,
        values_of: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        """Learn the status of the response, the version of HTTP, and how to read the response's headers."""
        self._status = status
        span = self.span
        vocabulary = self._policy.vocabulary
        for key in vocabulary.status_keys:
            span.set_attribute(key, status)
        if version is not None:
            span.set_attribute(vocabulary.version_key, version)
        self._policy.settings.response_headers.into_span(span, values_of)
        if status >= _FIRST_FAULT:
            self.error = str(status)
            span.set_attribute("error.type", self.error)
            span.set_status(StatusCode.ERROR)

    def _measure(self, duration_ns: int) -> None:
        self._policy.metrics.ended(self._request, duration_ns, self._status, self.error)
