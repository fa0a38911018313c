"""Find a new span's parent, links and baggage among the references that it is started with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentracing import Reference, ReferenceType

from midspan import _trouble
from midspan.bridges.opentracing._convert import is_a
from midspan.bridges.opentracing._span_context import baggage_of, context_of, native_of, values_of
from midspan.trace import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import Span

__all__ = ["Origin", "origin"]

_REF_TYPE: Final = "opentracing.ref_type"


class Origin(NamedTuple):
    """Where a span comes from."""

    parent: Span | None
    links: list[Link]
    baggage: Mapping[str, str]
    values: Mapping[object, object]


def origin(child_of: Any, references: Any) -> Origin | None:
    """Resolve `child_of` (a span or a context) and `references` (a list, one alone, or None).

    The parent is `child_of`, else the first `child_of` among the references, else the first reference.
    References without a context are ignored, as OpenTracing demands; None if nothing is left.
    """
    given = [] if child_of is None else [(ReferenceType.CHILD_OF, context_of(child_of))]
    listed = [] if references is None else list(_listed(references))
    given += listed
    if not given:
        return None
    links = [
        Link(native.context, {_REF_TYPE: str(kind)})
        for kind, context in listed
        if (native := native_of(context)) is not None and native.context.is_valid
    ]
    parent = next((context for kind, context in given if kind == ReferenceType.CHILD_OF), given[0][1])
    baggage: dict[str, str] = {}
    for _, context in reversed(given):
        baggage.update(baggage_of(context))
    return Origin(native_of(parent), links, baggage, values_of(parent))


def _listed(references: Any) -> Iterable[tuple[Any, Any]]:
    """Yield type and context of the references that have a context."""
    if is_a(references, Reference):
        references = (references,)
    try:
        for reference in references:
            if reference is not None and reference.referenced_context is not None:
                yield reference.type, context_of(reference.referenced_context)
    except Exception as error:  # noqa: BLE001 - what is listed is the application's own
        _trouble.report("opentracing.references", "the references of a span could not be read", error=error)
