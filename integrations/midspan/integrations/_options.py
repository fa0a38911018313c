"""Refuse options that do not exist, with those that do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midspan._environment import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["known_only"]


def known_only(name: str, kind: type, options: Mapping[str, Any]) -> None:
    """Raise ConfigurationError if `options` holds a name that the TypedDict `kind` does not."""
    allowed = sorted(kind.__optional_keys__)  # type: ignore[attr-defined]  # what a TypedDict has
    unknown = sorted(set(options) - set(allowed))
    if unknown:
        message = f"instrument() of {name} takes no {', '.join(unknown)}: allowed are {', '.join(allowed)}"
        raise ConfigurationError(message)
