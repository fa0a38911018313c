"""Judge what came back: which of it is trouble, and what would mend it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.cli.doctor._hints import Case, remedy_of
from midspan.cli.doctor._network import places_in, reach

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from midspan.cli.doctor._network import Reached
    from midspan.cli.doctor._outlets import Outlet
    from midspan.cli.doctor._report import Backend, Report, Sent
    from midspan.cli.doctor._sending import Answers

__all__ = ["judge"]

_UDP: Final = "sent; nobody acknowledges a datagram: whether it arrived, only the backend can tell"
_PATHS: Final = {"spans": "/v1/traces", "metrics": "/v1/metrics"}
# A Date header tells whole seconds, and took some time to come.
_SKEW_S: Final = 5.0
# How gRPC names what went wrong; and how exporters of it say that they do without TLS.
_GRPC: Final = re.compile(
    r"\b(UNAVAILABLE|UNIMPLEMENTED|UNAUTHENTICATED|PERMISSION_DENIED|DEADLINE_EXCEEDED)\b"
)
_IN_CLEAR: Final = re.compile(r"without TLS|no TLS")
_VERBS: Final = {
    "rejected": "rejected a part of the",
    "lost": "could not send the",
    "silent": "did not say what became of the",
}


def judge(  # noqa: PLR0913 - what was found out, from every side
    report: Report,
    backends: Mapping[str, Backend],
    outlets: Sequence[Outlet],
    answers: Answers | None,
    lines: Sequence[str],
    timeout_s: float,
) -> None:
    """Add the backends to a report, with their troubles; without answers nothing was sent."""
    report.backends += backends.values()
    for backend in backends.values():
        backend.reached = reach(places_in(backend.address, _scheme(backend, answers)), timeout_s)
        _look_at_clock(report, backend)
    if answers is None:
        for backend in backends.values():
            _look_at_places(report, backend)
        return
    report.trace_id = answers.trace_id
    for outlet in outlets:
        backend, answer = backends[outlet.name], answers[outlet.name, outlet.signal]
        sent = _explained(answer, outlet, backend, lines, is_grpc=_is_grpc(backend, answers))
        backend.sent.append(sent)
        if sent.verdict == "accepted" and sent.message and not outlet.is_pulled:
            said = f"{backend.name}: the backend took the {sent.signal}, and says: {sent.message}"
            report.add("warning", said)
    for backend in backends.values():
        _tell(report, backend)
    if not outlets:
        report.trouble("nothing will be sent: no exporter is configured", "set OTEL_TRACES_EXPORTER=otlp")


def _is_grpc(backend: Backend, answers: Answers | None) -> bool:
    """Say whether an exporter speaks gRPC: by what it is called, or by how its answers are worded."""
    said = [sent.message for (name, _), sent in (answers or {}).items() if name == backend.name]
    return "grpc" in f"{backend.address} {backend.about}".lower() or any(map(_GRPC.search, said))


def _scheme(backend: Backend, answers: Answers | None) -> str:
    """Return the scheme of an exporter's addresses that have none: gRPC is HTTP, with TLS or without."""
    if not _is_grpc(backend, answers):
        return "tcp"
    return "http" if _IN_CLEAR.search(backend.about) else "https"


def _explained(sent: Sent, outlet: Outlet, backend: Backend, lines: Sequence[str], *, is_grpc: bool) -> Sent:
    if sent.verdict == "accepted" and backend.address.startswith("udp:"):
        return sent._replace(verdict="unknown", message=_UDP)
    if sent.is_well:
        return sent
    if sent.verdict in ("lost", "silent"):
        sent = sent._replace(message="; ".join([sent.message, *_said(lines, outlet)]))
    case = Case(outlet.name, outlet.signal, sent.message, is_grpc, _seen(backend, outlet.signal))
    return sent._replace(remedy=remedy_of(case))


def _said(lines: Sequence[str], outlet: Outlet) -> list[str]:
    """Return the line in which the pipeline has logged why an exporter failed, if there is one."""
    of_exporter = [line for line in lines if outlet.name in line]
    of_signal = [line for line in of_exporter if outlet.signal in line]
    return (of_signal or of_exporter)[:1]


def _seen(backend: Backend, signal: str) -> Reached | None:
    """Return what was seen at the address to which a signal goes."""
    own = [each for each in backend.reached if each.place.path.endswith(_PATHS[signal])]
    return next(iter(own or backend.reached), None)


def _tell(report: Report, backend: Backend) -> None:
    """Note the troubles of one exporter; both signals together where one remedy would mend both."""
    bad = [sent for sent in backend.sent if not sent.is_well]
    if len(bad) > 1 and len({(sent.verdict, sent.remedy) for sent in bad}) == 1:
        both = bad[0]._replace(signal=" and ".join(sent.signal for sent in bad))
        bad = [both]
    for sent in bad:
        verb = _VERBS.get(sent.verdict, "did not take the")
        report.trouble(f"{backend.name} {verb} {sent.signal}: {sent.message}", sent.remedy)


def _look_at_places(report: Report, backend: Backend) -> None:
    for seen in backend.reached:
        if seen.state != "open":
            where = f"{seen.place.host}:{seen.place.port}"
            remedy = remedy_of(Case(backend.name, "spans", seen.said, _is_grpc(backend, None), seen))
            report.trouble(f"{backend.name}: {where} cannot be reached ({seen.said or seen.state})", remedy)


def _look_at_clock(report: Report, backend: Backend) -> None:
    for seen in backend.reached:
        if seen.skew_s is not None and abs(seen.skew_s) > _SKEW_S:
            way = "ahead of" if seen.skew_s > 0 else "behind"
            report.add(
                "warning",
                f"the clock of {seen.place.host} is {abs(seen.skew_s):,.0f} s {way} this machine's",
                "set both by NTP: else spans stand at the wrong time, or are refused as too old",
            )
