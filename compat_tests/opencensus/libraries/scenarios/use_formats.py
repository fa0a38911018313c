"""Every format that OpenCensus knows, in and out: three by flask's settings, two by the application's hand.

The sampler is the caller's decision: what a caller does not sample leaves the whole of the trace unsampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
from _formats import CALLERS, PROPAGATORS
from _http import serving_peer, serving_wsgi
from _page import Page
from _stage import CALLER_SPAN, CALLER_TRACE
from opencensus.ext.flask.flask_middleware import FlaskMiddleware
from opencensus.trace import samplers
from opencensus.trace.propagation.binary_format import BinaryFormatPropagator
from opencensus.trace.propagation.text_format import TextFormatPropagator

if TYPE_CHECKING:
    from _stage import Stage

GIVES = """
(caller)
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  [GET]http://127.0.0.1:PORT/hello [server]
    work
      new code
        /cart [client]
      /gone [client] error
  by hand: text
    new code
  by hand: binary
    new code
"""
_UNSAMPLED = "the context of an unsampled span has an id"
_B3 = {"x-b3-sampled": "0", "x-b3-spanid": "(another span)", "x-b3-traceid": "(caller's trace)"}
_GOOGLE = "(another span in decimal);o=0"
NOTES_DIFFER = {
    "W3C, unsampled: sent on": (_UNSAMPLED, {"traceparent": "00-(caller's trace)-(another span)-00"}),
    "W3C, alone: sent on": (_UNSAMPLED, {"traceparent": "00-(another trace)-(another span)-00"}),
    "B3, unsampled: sent on": (_UNSAMPLED, _B3),
    "B3, alone: sent on": (_UNSAMPLED, {**_B3, "x-b3-traceid": "(another trace)"}),
    "B3 in one, unsampled: sent on": (_UNSAMPLED, _B3),
    "B3 in one, alone: sent on": (_UNSAMPLED, {**_B3, "x-b3-traceid": "(another trace)"}),
    "Google, unsampled: sent on": (_UNSAMPLED, {"x-cloud-trace-context": f"(caller's trace)/{_GOOGLE}"}),
    "Google, alone: sent on": (_UNSAMPLED, {"x-cloud-trace-context": f"(another trace)/{_GOOGLE}"}),
}


def play(stage: Stage) -> None:
    """Use the library on the stage."""
    with serving_peer() as peer:
        page = Page(stage, peer)
        for name, callers in CALLERS.items():
            with serving_wsgi(_app(stage, page, PROPAGATORS[name])) as url:
                for caller, label in zip([*callers, {}], ("sampled", "unsampled", "alone"), strict=True):
                    page.visit(f"{url}/hello", caller, f"{name}, {label}")
    _play_text(stage)
    _play_binary(stage)


def _app(stage: Stage, page: Page, propagator: str) -> flask.Flask:
    app = flask.Flask("shop")
    app.config["OPENCENSUS"] = {
        "TRACE": {
            "SAMPLER": "opencensus.trace.samplers.ProbabilitySampler(rate=0)",
            "EXPORTER": stage.exporter,
            "PROPAGATOR": propagator,
        }
    }
    FlaskMiddleware(app)
    app.route("/hello")(page.__call__)
    return app


def _play_text(stage: Stage) -> None:
    """Read and write the text format as an application does: settings cannot name it.

    A carrier with an option is more than OpenCensus alone can take.
    """
    propagator = TextFormatPropagator()
    caller = {"opencensus-trace-traceid": CALLER_TRACE, "opencensus-trace-spanid": CALLER_SPAN}
    _serve(stage, propagator.from_carrier(caller), "text", lambda now: propagator.to_carrier(now, {}))


def _play_binary(stage: Stage) -> None:
    propagator = BinaryFormatPropagator()
    sent = bytes([0, 0, *bytes.fromhex(CALLER_TRACE), 1, *bytes.fromhex(CALLER_SPAN), 2, 1])
    _serve(stage, propagator.from_header(sent), "binary", lambda now: _parts(propagator.to_header(now)))


def _serve(stage: Stage, caller: Any, label: str, write: Any) -> None:
    tracer = stage.tracer(span_context=caller, sampler=samplers.ProbabilitySampler(rate=0))
    with tracer.span(f"by hand: {label}"):
        stage.note(f"{label}: in the span", write(tracer.span_context))
        with stage.native("new code"):
            stage.note(f"{label}: in new code", write(tracer.span_context))


def _parts(header: bytes) -> list[str]:
    """Return version, trace, span and options, each behind the number of its field."""
    return [header[:2].hex(), header[2:18].hex(), header[18:19].hex(), header[19:27].hex(), header[27:].hex()]
