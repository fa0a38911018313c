"""Look through the variables that are set: which count, which do not, and which are probably misspelt."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, NamedTuple

from midspan.cli.doctor._known import ELSEWHERE, FOREIGN, KNOWN, OF_INTEGRATIONS
from midspan.cli.doctor._report import Variable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from midspan.cli.doctor._report import Report
    from midspan.cli.doctor._secrets import Secrets

__all__ = ["Seen", "look_at_variables"]

_PREFIXES: Final = ("OTEL_", "MIDSPAN_")
# How alike two names must be for one to be taken for the other: two letters swapped, one left out.
_ALIKE: Final = 0.88


class Seen(NamedTuple):
    """What the variables have met with: who read them, and who did not want them."""

    # While the pipeline was configured.
    readings: Mapping[str, str | None]
    refused: Collection[str]
    # Those that exporters of other distributions say they read.
    declared: Collection[str]


def look_at_variables(report: Report, environment: Mapping[str, str], seen: Seen, secrets: Secrets) -> None:
    """Note each variable that is set, and warn of those that do nothing."""
    known = {name for names in KNOWN.values() for name in names}
    for name in sorted(environment):
        is_ours = name.startswith(_PREFIXES) or name in known
        if is_ours and name not in seen.declared:
            shown = secrets.value(name, environment[name])
            state, why = _judged(name, environment[name], seen, known)
            report.variables.append(Variable(name, shown, state, why))
            if state == "unknown":
                report.add("warning", f"{name} is set, but there is no such variable", why)
            elif state == "without effect" and name.startswith(_PREFIXES):
                report.add("note", f"{name} has no effect here: {why}")


def _judged(name: str, value: str, seen: Seen, known: Collection[str]) -> tuple[str, str]:
    if name in seen.refused:
        return "refused", "configure() says why"
    if not value.strip():
        return "without effect", "it is empty, which counts as not set"
    if seen.readings.get(name):
        return "used", ""
    if name in known or OF_INTEGRATIONS.fullmatch(name):
        return _unread(name)
    return _not_ours(name, [*known, *seen.declared])


def _not_ours(name: str, known: Sequence[str]) -> tuple[str, str]:
    """Say what a variable is that midspan does not know: another's, or one that is misspelt."""
    for pattern, why in FOREIGN[:-1]:
        if pattern.fullmatch(name):
            return "without effect", why
    meant = difflib.get_close_matches(name, known, 1, _ALIKE)
    if meant:
        return "unknown", f"did you mean {meant[0]}?"
    pattern, why = FOREIGN[-1]
    return ("without effect", why) if pattern.fullmatch(name) else ("unknown", "")


def _unread(name: str) -> tuple[str, str]:
    """Say why a variable that midspan knows was not read."""
    owners = [owner for owner, names in KNOWN.items() if name in names] or ["the integrations"]
    if name == "OTEL_TRACES_SAMPLER_ARG":
        return "without effect", "it goes with OTEL_TRACES_SAMPLER, which is not set"
    elsewhere = [owner for owner in owners if owner in ELSEWHERE]
    if elsewhere:
        return "elsewhere", f"it is read by {elsewhere[0]}, not while a pipeline is configured"
    if any(owner in _PIPELINE for owner in owners):
        return "without effect", "nothing that is configured here asks for it"
    return "without effect", f"it is read by {' and '.join(owners)}, not in use here"


# What KNOWN lists before the exporters.
_PIPELINE: Final = tuple(KNOWN)[: list(KNOWN).index("otlp")]
