"""The samplers that ask others: by what a span is, or for what to record besides."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from midspan.sdk.sampling._decision import Decision, close

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.sdk.sampling._decision import Sampler, SamplingRequest, SamplingResult
    from midspan.trace import SpanKind

__all__ = ["AlwaysRecord", "Rule", "Rules"]


class Rule(NamedTuple):
    """Match spans by name (a shell pattern), kind and attributes (each a value or a shell pattern)."""

    sampler: Sampler
    name: str | None = None
    kind: SpanKind | None = None
    attributes: Mapping[str, Any] | None = None

    def matches(self, request: SamplingRequest) -> bool:
        """Say whether everything that the rule asks for is so."""
        if self.name is not None and not fnmatchcase(request.name, self.name):
            return False
        if self.kind is not None and request.kind is not self.kind:
            return False
        return all(
            _is_like(request.attributes.get(key), wanted) for key, wanted in (self.attributes or {}).items()
        )


def _is_like(value: object, wanted: object) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return fnmatchcase(value, wanted)
    return value is not None and value == wanted


class Rules:
    """Ask the sampler of the first rule that matches, else `default`."""

    def __init__(self, rules: Iterable[Rule], default: Sampler) -> None:
        self._rules = tuple(rules)
        self._default = default

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the sampler of the first rule that matches."""
        for rule in self._rules:
            if rule.matches(request):
                return rule.sampler(request)
        return self._default(request)

    def close(self) -> None:
        """Close its samplers."""
        for sampler in (*(rule.sampler for rule in self._rules), self._default):
            close(sampler)

    def __repr__(self) -> str:
        return f"rules({len(self._rules)}, {self._default!r})"


class AlwaysRecord:
    """Record what another sampler would drop, for processors that count or watch; it is not exported."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def __call__(self, request: SamplingRequest) -> SamplingResult:
        """Ask the other sampler, and turn a no into "record only"."""
        result = self._sampler(request)
        return result if result.decision else result._replace(decision=Decision.RECORD_ONLY)

    def close(self) -> None:
        """Close the other sampler."""
        close(self._sampler)

    def __repr__(self) -> str:
        return f"always_record({self._sampler!r})"
