"""Show a scenario's record: as the tree that its scenario promises, and for a comparison."""

from __future__ import annotations

import json
from typing import Any


def tree(spans: list[dict[str, Any]]) -> str:
    """Draw the spans as an indented tree in the order they started: name, kind unless internal, error.

    A parent that belongs to nobody here, such as a caller elsewhere, is a line of its own, in brackets.
    """
    children: dict[int | str | None, list[int]] = {}
    for index, span in enumerate(spans):
        children.setdefault(span["parent"], []).append(index)

    def lines(parent: int | str | None, depth: int) -> list[str]:
        return [
            line
            for index in children.get(parent, [])
            for line in ("  " * depth + _title(spans[index]), *lines(index, depth + 1))
        ]

    strangers = [parent for parent in children if isinstance(parent, str)]
    abroad = [line for name in strangers for line in (f"({name})", *lines(name, 1))]
    return "\n".join([*abroad, *lines(None, 0)])


def _title(span: dict[str, Any]) -> str:
    kind = "" if span["kind"] == "internal" else f" [{span['kind']}]"
    return f"{span['name'] or '(unnamed)'}{kind}{' error' if span['error'] else ''}"


def text(record: list[Any]) -> list[str]:
    """Return a record line by line, in which `1`, `1.0` and `true` are not the same."""
    return json.dumps(record, indent=1, sort_keys=True).splitlines()


def is_consistent(spans: list[dict[str, Any]]) -> bool:
    """Tell whether every parent is known, started earlier, and shares its child's trace."""
    return all(
        span["parent"] is None or _fits(span, spans[:index], span["parent"])
        for index, span in enumerate(spans)
    )


def _fits(span: dict[str, Any], earlier: list[dict[str, Any]], parent: int | str) -> bool:
    if isinstance(parent, str):
        return parent != "unknown"
    return parent < len(earlier) and earlier[parent]["trace"] == span["trace"]
