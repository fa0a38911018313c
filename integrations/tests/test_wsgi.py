"""WSGI applications of every kind are served as they are, and each request is a span."""

from __future__ import annotations

import io
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from midspan import trace
from midspan.integrations import wsgi
from midspan.trace import SpanKind, StatusCode

TRACER = trace.get_tracer("t")


def plain(environ, start_response):
    """Answer with a list."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


def requested(app, **environ):
    """Serve one request as a server does; return status and body."""
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/p", "QUERY_STRING": "", **environ}
    setup_testing_defaults(environ)
    answered = []
    body = app(environ, lambda status, headers, exc_info=None: answered.append(status))
    try:
        return answered, b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()


def test_a_request_is_a_span(spans):
    """Kind, name, status and scope."""
    requested(wsgi.instrument(plain))
    (span,) = spans()
    assert ("GET", SpanKind.SERVER, 200, "midspan.integrations.wsgi") == (
        span.name,
        span.kind,
        span.attributes["http.response.status_code"],
        span.scope.name,
    )


def test_the_application_stays_within_the_rules(spans):
    """The standard library's validator, on both sides of ours, has nothing to object to."""
    app = validator(wsgi.instrument(validator(plain)))
    assert (["200 OK"], b"hello") == requested(app)


def test_a_body_that_is_made_while_it_is_sent_runs_under_the_span(spans):
    """The span ends when the server closes the body, also if it did not read to the end."""

    def streaming(environ, start_response):
        start_response("200 OK", [])
        for number in range(2):
            with TRACER.start_as_current_span(f"part {number}"):
                yield b"x"

    requested(wsgi.instrument(streaming))
    server, *parts = spans()
    assert [server.context] * 2 == [part.parent for part in parts]


def test_what_the_application_raises_goes_through(spans):
    """The very exception, with a status of its own kind."""
    error = ValueError("no")

    def failing(environ, start_response):
        raise error

    with pytest.raises(ValueError, match="no") as raised:
        requested(wsgi.instrument(failing))
    (span,) = spans()
    assert (error, StatusCode.ERROR, "ValueError") == (
        raised.value,
        span.status.code,
        span.attributes["error.type"],
    )


def test_a_body_that_raises_is_recorded(spans):
    """Half of a response is a failure."""

    def breaking(environ, start_response):
        start_response("200 OK", [])
        yield b"x"
        raise OSError

    with pytest.raises(OSError):
        requested(wsgi.instrument(breaking))
    assert "OSError" == spans()[0].attributes["error.type"]


@pytest.mark.parametrize(("wrapper", "kind"), [(FileWrapper, FileWrapper), (lambda file: file, io.BytesIO)])
def test_a_file_reaches_the_server_as_a_file(spans, wrapper, kind):
    """A server recognises its own wrapper, or the file itself (uWSGI), to send it without reading it."""

    def filing(environ, start_response):
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    app = wsgi.instrument(filing)
    environ = {"wsgi.file_wrapper": wrapper}
    setup_testing_defaults(environ)
    assert kind is type(app(environ, lambda *arguments: None))
    assert 1 == len(spans())


def test_two_layers_make_one_span(spans):
    """What is instrumented twice, or inside something else, is recorded once."""
    inner = wsgi.instrument(plain)
    requested(wsgi.instrument(lambda environ, start_response: list(inner(environ, start_response))))
    assert 1 == len(spans())


def test_a_request_that_is_told_anew_is_the_same_one(spans):
    """An adapter makes another environment of it, in the same context; a program's call of itself differs."""
    told = []

    def answering(environ, start_response):
        start_response("200 OK", [])
        told.append(environ["PATH_INFO"])
        return []

    inner = wsgi.instrument(answering)

    def outer(environ, start_response):
        for path in ("/p", "/other"):
            anew = {key: value for key, value in environ.items() if not key.startswith("midspan")}
            inner({**anew, "PATH_INFO": path}, start_response)
        return []

    requested(wsgi.instrument(outer))
    assert (["/p", "/other"], ["/p", "/other"]) == (told, [span.attributes["url.path"] for span in spans()])


def test_nothing_is_recorded_where_tracing_is_suppressed(spans, memory):
    """Neither a span nor a measurement."""
    with trace.suppressed():
        assert (["200 OK"], b"hello") == requested(wsgi.instrument(plain))
    assert ([], []) == (spans(), [metric.name for metric in memory.metrics if "http" in metric.name])


def test_what_a_client_makes_up_is_no_attribute_of_a_metric(spans, memory):
    """Method, scheme (by a proxy's header) and version; only the span has what it was."""
    requested(
        wsgi.instrument(plain),
        **{"REQUEST_METHOD": "BREW", "wsgi.url_scheme": "gopher", "SERVER_PROTOCOL": "HTTP/1.12345"},
    )
    (span,) = spans()
    assert ("BREW", "gopher", "1.12345") == (
        span.attributes["http.request.method_original"],
        span.attributes["url.scheme"],
        span.attributes["network.protocol.version"],
    )
    measured = [point.attributes for metric in memory.metrics for point in metric.points]
    assert {"_OTHER"} == {attributes["http.request.method"] for attributes in measured}
    assert {"_OTHER"} == {attributes["url.scheme"] for attributes in measured}
    assert "12345" not in str(measured)


def test_what_is_excluded_is_excluded_for_the_layers_below(spans):
    """An application inside, which excludes nothing, does not record it in its stead."""
    inner = wsgi.instrument(plain)
    around = wsgi.instrument(lambda *arguments: inner(*arguments), excluded_urls="/p")  # noqa: PLW0108 - another application
    requested(around)
    assert [] == spans()


def test_an_application_that_is_uninstrumented_is_the_one_that_was_given():
    """Twice instrumented is once instrumented."""
    assert plain is wsgi.uninstrument(wsgi.instrument(wsgi.instrument(plain)))


@pytest.mark.parametrize("odd", [(b"200 OK", []), ("200 OK", 7), (None, None)])
def test_an_odd_answer_reaches_the_server(spans, odd):
    """Which is who complains of it."""
    told = []

    def answering(environ, start_response):
        start_response(*odd)
        return []

    environ = {}
    setup_testing_defaults(environ)
    wsgi.instrument(answering, response_headers=["x"])(environ, lambda *given: told.append(given))
    assert ([odd], 1) == (told, len(spans()))


@pytest.mark.parametrize(
    "odd",
    [
        {"REQUEST_METHOD": "\x00" * 99},
        {"HTTP_HOST": "[::1"},
        {"QUERY_STRING": "a=%zz&" * 9999},
        {"REMOTE_PORT": "x", "SERVER_PORT": "y"},
        {"PATH_INFO": "/\xff\xfe"},
        {"SERVER_PROTOCOL": ""},
        {"QUERY_STRING": None},
        {"PATH_INFO": 7},
    ],
)
def test_an_odd_request_is_served(spans, odd):
    """Whatever a client sends, the application answers."""
    assert (["200 OK"], b"hello") == requested(wsgi.instrument(plain), **odd)
