"""Send one span and one metric through a pipeline, and note what each exporter's backend made of them."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from midspan import metrics, trace
from midspan.cli.doctor._outlets import address_of
from midspan.cli.doctor._report import Sent
from midspan.delivery import Verdict
from midspan.sdk.sampling import always_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from midspan.cli.doctor._outlets import Outlet
    from midspan.delivery import Outcome
    from midspan.sdk import Pipeline
    from midspan.sdk._outbox import Parcel

__all__ = ["Answers", "send_through"]

_SCOPE: Final = "midspan.doctor"
_METRIC: Final = "midspan.doctor.runs"
_SPAN: Final = "midspan doctor"
_MAX_SCRAPE: Final = 16 * 1024 * 1024


class Answers(dict[tuple[str, str], Sent]):
    """What became of each signal at each exporter, by both names."""

    trace_id = ""


def send_through(pipeline: Pipeline, outlets: Sequence[Outlet], timeout_s: float) -> Answers:
    """Send, and wait for every answer for as long as two requests may take."""
    answers = Answers()
    for outlet in outlets:
        if outlet.courier is not None:
            outlet.courier._request_timeout_s = min(outlet.courier._request_timeout_s, timeout_s)
            outlet.courier.when_answered.append(_noting(answers, outlet.name))
    # The one span must not depend on the sampler's mood; the report says what that would have done.
    pipeline.change(sampler=always_on)
    span = trace.get_tracer(_SCOPE).start_span(_SPAN)
    span.end()
    answers.trace_id = f"{span.context.trace_id:032x}"
    metrics.get_meter(_SCOPE).create_counter(_METRIC, description="Runs of midspan doctor").add(1)
    pipeline.force_flush(timeout_s=2 * timeout_s + 0.5)
    for outlet in outlets:
        if outlet.is_pulled:
            answers[outlet.name, outlet.signal] = _scraped(outlet.exporter, timeout_s)
        elif (outlet.name, outlet.signal) not in answers:
            answers[outlet.name, outlet.signal] = _by_account(pipeline, outlet, timeout_s)
    for reader in pipeline._readers.values():
        # Once is enough: at its end a pipeline would push all metrics again.
        reader.detach()
    return answers


def _noting(answers: Answers, name: str) -> Callable[[Parcel, Outcome, float], None]:
    def note(parcel: Parcel, outcome: Outcome, seconds: float) -> None:
        verdict = outcome.verdict.value
        if outcome.verdict is Verdict.ACCEPTED and outcome.rejected:
            verdict = "rejected"
        # The answer to a part that came of a larger one is the answer to the whole; the last one counts.
        answers[name, parcel.signal] = Sent(
            parcel.signal, verdict, outcome.message, seconds, len(parcel.body)
        )

    return note


def _by_account(pipeline: Pipeline, outlet: Outlet, timeout_s: float) -> Sent:
    """Return what the pipeline has counted, for an exporter that answers nobody but the pipeline."""
    stats = pipeline.stats()
    account = (stats.exporters if outlet.signal == "spans" else stats.metrics).get(outlet.name)
    if account is None:
        return Sent(outlet.signal, "unknown", "handed over; this exporter does not say what became of it")
    if account.dropped:
        return Sent(outlet.signal, "lost", ", ".join(account.dropped))
    if account.exported and not account.queued:
        return Sent(outlet.signal, "accepted")
    return Sent(outlet.signal, "silent", f"there was no answer within {timeout_s:g} s")


def _scraped(exporter: Any, timeout_s: float) -> Sent:  # noqa: ANN401 - anybody's exporter
    """Ask an exporter that waits to be asked, as whoever collects from it would."""
    address = address_of(exporter)
    url = urlsplit(address)
    if url.scheme != "http" or not url.hostname:
        return Sent("metrics", "unknown", "it waits to be asked, and does not say where")
    began_s = time.monotonic()
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout_s)
    try:
        connection.request("GET", url.path or "/metrics")
        answer = connection.getresponse()
        body = answer.read(_MAX_SCRAPE)
    except (OSError, http.client.HTTPException) as error:
        return Sent(
            "metrics", "refused", f"{address} does not answer a scrape: {type(error).__name__}: {error}"
        )
    finally:
        connection.close()
    took_s = time.monotonic() - began_s
    if answer.status != http.HTTPStatus.OK or _METRIC.replace(".", "_").encode() not in body:
        return Sent("metrics", "refused", f"{address}: HTTP {answer.status}, without the metric", took_s)
    said = "a scrape of our own finds the metric; whether Prometheus asks, only its page Targets can tell"
    return Sent("metrics", "accepted", said, took_s, len(body))
