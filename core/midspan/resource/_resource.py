"""What runs: the attributes that all telemetry of a process shares."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Resource"]


class Resource:
    """An immutable set of attributes (OpenTelemetry specification, "Resource SDK")."""

    __slots__ = ("attributes", "schema_url")

    attributes: Mapping[str, Any]
    schema_url: str

    def __init__(self, attributes: Mapping[str, Any] | None = None, schema_url: str = "") -> None:
        """Take attributes whose values are strings, numbers, booleans, or sequences of one of these."""
        self.attributes = MappingProxyType(dict(attributes or {}))
        self.schema_url = schema_url

    def merge(self, newer: Resource) -> Resource:
        """Return both together; where both have a key, `newer` wins.

        Two different schema URLs cannot both hold, so the result then has none (specification, "Merge").
        """
        return Resource(
            {**self.attributes, **newer.attributes}, _merged_url(self.schema_url, newer.schema_url)
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resource):
            return NotImplemented
        return dict(self.attributes) == dict(other.attributes) and self.schema_url == other.schema_url

    def __hash__(self) -> int:
        return hash((frozenset(self.attributes), self.schema_url))

    def __repr__(self) -> str:
        return f"Resource({dict(self.attributes)!r})"


def _merged_url(older: str, newer: str) -> str:
    if older and newer and older != newer:
        return ""
    return newer or older
