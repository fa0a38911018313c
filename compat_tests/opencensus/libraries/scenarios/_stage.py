"""Put a library on the stage: OpenCensus alone, or over midspan, and write down every span that it makes.

Both records have one form (see `Stage.record`), so that they can be compared as plain data. The exporter that
the scenario gives to OpenCensus records in both; over midspan the pipeline's exporter does so too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from _notebook import Notebook
from opencensus.trace.samplers import AlwaysOnSampler
from opencensus.trace.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import ModuleType

    from _midspan import Midspan
    from _plain import Plain

ACTORS = "plain", "midspan", "midspan-replace"
# Callers that are traced elsewhere: what they send is the same in every run.
CALLER_TRACE, CALLER_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
LATER_TRACE, LATER_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
_STRANGERS = {
    CALLER_SPAN: "caller",
    CALLER_TRACE: "caller's trace",
    LATER_SPAN: "later caller",
    LATER_TRACE: "later caller's trace",
}
# What the formats that OpenCensus knows call their headers; they are compared without case.
_PROPAGATED = ("traceparent", "tracestate", "x-b3-", "x-cloud-trace", "opencensus-trace", "grpc-trace", "b3")

_OTHER_IDS = (
    (re.compile(r"\b0{16}\b"), "(no span)"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "(another trace)"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "(another span)"),
    (re.compile(r"(?<=/)\d+(?=;o=)"), "(another span in decimal)"),
)


class Stage(Notebook):
    """What a scenario acts with: an exporter, tracers, the ports of the servers it asked for, a notebook.

    What differs over midspan is told by the scenario, with the row of docs/opencensus.md that says so: in
    `NOTES_DIFFER`, a note's label -> the row, what is noted; in `SPANS_DIFFER`, a span's name -> the row,
    what of its record is otherwise.

    Attributes:
        exporter: the OpenCensus exporter to be given to the library.
        ports: server name -> TCP port on 127.0.0.1.
    """

    def __init__(self, actor: Plain | Midspan, ports: dict[str, int], scenario: ModuleType) -> None:
        super().__init__(actor.read, _STRANGERS)
        self._differ = {
            "notes": getattr(scenario, "NOTES_DIFFER", {}),
            "spans": getattr(scenario, "SPANS_DIFFER", {}),
        }
        self.exporter = actor.exporter
        self.ports = ports
        self._actor = actor

    def tracer(self, **options: Any) -> Tracer:
        """Return a tracer of OpenCensus's that samples everything, unless `options` say otherwise."""
        return Tracer(**{"sampler": AlwaysOnSampler(), "exporter": self.exporter, **options})

    def native(self, name: str) -> AbstractContextManager[Any]:
        """Start a span as new code does: natively over midspan, by OpenCensus's current tracer without it."""
        return self._actor.native(name)

    def expect_no_end(self, name: str, span_id: str) -> None:
        """Name a span that its library leaves open for good, so that it is no unknown parent."""
        self._strangers[span_id] = f"{name}, which never ends"

    def note_headers(self, label: str, headers: Mapping[str, Any]) -> None:
        """Write down what a peer received that tells of the trace."""
        pairs = {str(key).lower(): str(value) for key, value in headers.items()}
        self.note(label, {key: value for key, value in sorted(pairs.items()) if key.startswith(_PROPAGATED)})

    def record(self) -> dict[str, Any]:
        """Return the spans in the order they started, what OpenCensus's own exporter got, and the notes.

        Ids of recorded spans are shown by their places, wherever they stand; others only as what they are.
        """
        spans = sorted(self._read(), key=lambda span: span["started"])
        self._name_ids(spans)
        legacy = self._actor.read_legacy({span["id"]: span["started"] for span in spans})
        shown = None if legacy is None else self._shown(legacy)
        return {**super().record(), "legacy": shown, "differ": self._differ}

    def _name_ids(self, spans: Iterable[dict[str, Any]]) -> None:
        names = {str(int(CALLER_SPAN, 16)): "(the caller, in decimal)"}
        for index, span in enumerate(spans):
            names[span["id"]] = f"(span {index})"
            # Google's format writes the number in decimal.
            names[str(int(span["id"], 16))] = f"(span {index} in decimal)"
            if span["trace"] not in self._strangers:
                names.setdefault(span["trace"], f"(trace of {index})")
        for known, name in self._strangers.items():
            names.setdefault(known, f"({name})")
        self._ids = names
        self._any_id = re.compile("|".join(sorted(names, key=len, reverse=True)))

    def _clean_text(self, text: str) -> str:
        text = self._any_id.sub(lambda found: self._ids[found[0]], text)
        for form, name in _OTHER_IDS:
            text = form.sub(name, text)
        return super()._clean_text(text)


def set_stage(actor: str, ports: dict[str, int], scenario: ModuleType) -> Stage:
    """Return a stage for one of `ACTORS`.

    Over `midspan` the application's own exporter is fed as well ("tee"); over `midspan-replace` it is not.
    """
    if actor not in ACTORS:
        raise ValueError(f"the actor is one of {', '.join(ACTORS)}, not {actor}")
    if actor == "plain":
        from _plain import Plain

        return Stage(Plain(), ports, scenario)
    from _midspan import Midspan

    return Stage(Midspan("replace" if actor == "midspan-replace" else "tee"), ports, scenario)
