"""Put what has the same resource and scope together, under one description of each.

Spans and metrics lie in envelopes of the same shape: the fields of ResourceSpans and ScopeSpans (trace.proto)
have the numbers of those of ResourceMetrics and ScopeMetrics (metrics.proto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters._plain import mended_attributes, mended_text
from midspan.exporters.otlp._wire import delimited, key_value, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Envelopes", "Group"]

_MAX_BLOCKS: Final = 64
# A resource or scope of which nothing is said: field 1, of no length.
_NOTHING_SAID: Final = b"\x0a\x00"


class Group:
    """The written spans, or metrics, of one resource and scope, in pieces."""

    __slots__ = ("append", "pieces", "resource", "scope")

    def __init__(self, resource: object, scope: object) -> None:
        """Take what those that it is for have in common."""
        self.resource = resource
        self.scope = scope
        self.pieces: list[bytes] = []
        self.append = self.pieces.append


class Envelopes:
    """Write requests around groups, remembering resources and scopes. Safe to share between threads."""

    def __init__(self) -> None:
        self._resources = _Blocks(_resource_block)
        self._scopes = _Blocks(_scope_block)

    def assemble(self, groups: Iterable[Group]) -> bytes:
        """Return the whole request."""
        by_resource: dict[bytes, dict[bytes, list[bytes]]] = {}
        for group in groups:
            scopes = by_resource.setdefault(self._resources.get(group.resource), {})
            scopes.setdefault(self._scopes.get(group.scope), []).extend(group.pieces)
        # The field of the request that holds those of a resource is 1; therein that of a scope is 2.
        request: list[bytes] = []
        for resource, scopes in by_resource.items():
            # Sizes are added up, and all is joined at the end: a payload is copied once, not three times.
            inside = [resource]
            for scope, pieces in scopes.items():
                inside.append(b"\x12" + varint(len(scope) + sum(map(len, pieces))) + scope)
                inside += pieces
            request.append(b"\x0a" + varint(sum(map(len, inside))))
            request += inside
        return b"".join(request)


class _Blocks:
    """What stands before the spans or metrics of a resource or scope, made once for each object."""

    def __init__(self, make: Callable[[Any], bytes]) -> None:
        self._make = make
        self._blocks: dict[int, tuple[object, bytes]] = {}

    def get(self, source: object) -> bytes:
        """Return the block of an object, which must not change afterwards."""
        # By identity, since 1, 1.0 and True are equal; the object is kept, so that its id is not given anew.
        known = self._blocks.get(id(source))
        if known is None:
            if len(self._blocks) >= _MAX_BLOCKS:
                self._blocks.clear()
            known = self._blocks[id(source)] = (source, self._made(source))
        return known[1]

    def _made(self, source: object) -> bytes:
        try:
            return self._make(source)
        except Exception as error:  # noqa: BLE001 - one that is not ours may raise anywhere
            _trouble.report("encoding.odd_origin", "%s cannot be told", type(source).__name__, error=error)
            return _NOTHING_SAID


def _resource_block(resource: Any) -> bytes:  # noqa: ANN401 - a Resource, or what looks like one
    # Resource = 1, schema_url = 3; Resource: attributes = 1.
    attributes = mended_attributes(getattr(resource, "attributes", None))
    pairs = [key_value(b"\x0a", key, value) for key, value in attributes.items()]
    return delimited(b"\x0a", b"".join(pairs)) + _text(b"\x1a", getattr(resource, "schema_url", ""))


def _scope_block(scope: Any) -> bytes:  # noqa: ANN401 - an InstrumentationScope, or what looks like one
    # Scope = 1, schema_url = 3; InstrumentationScope: name = 1, version = 2, attributes = 3.
    attributes = mended_attributes(dict(getattr(scope, "attributes", ())))
    fields = [
        _text(b"\x0a", getattr(scope, "name", "")),
        _text(b"\x12", getattr(scope, "version", "")),
        *(key_value(b"\x1a", key, value) for key, value in attributes.items()),
    ]
    return delimited(b"\x0a", b"".join(fields)) + _text(b"\x1a", getattr(scope, "schema_url", ""))


def _text(tag: bytes, text: object) -> bytes:
    return delimited(tag, mended_text(text).encode()) if text else b""
