"""Show a scenario's record: as the tree that its scenario promises, and for a comparison."""

from __future__ import annotations

import json
from typing import Any


def tree(spans: list[dict[str, Any]]) -> str:
    """Draw the spans as an indented tree in the order they started: name, kind unless internal, error."""
    depth: list[int] = []
    for span in spans:
        depth.append(0 if span["parent"] is None else depth[span["parent"]] + 1)
    children: dict[int | None, list[int]] = {}
    for index, span in enumerate(spans):
        children.setdefault(span["parent"], []).append(index)

    def lines(parent: int | None) -> list[str]:
        return [
            line
            for index in children.get(parent, [])
            for line in ("  " * depth[index] + _title(spans[index]), *lines(index))
        ]

    return "\n".join(lines(None))


def _title(span: dict[str, Any]) -> str:
    kind = "" if span["kind"] == "internal" else f" [{span['kind']}]"
    return f"{span['name'] or '(unnamed)'}{kind}{' error' if span['error'] else ''}"


def text(record: list[Any]) -> list[str]:
    """Return a record line by line, in which `1`, `1.0` and `true` are not the same."""
    return json.dumps(record, indent=1, sort_keys=True).splitlines()


def is_consistent(spans: list[dict[str, Any]]) -> bool:
    """Tell whether every parent is known, started earlier, and shares its child's trace."""
    return all(
        span["parent"] is None
        or (
            isinstance(span["parent"], int)
            and span["parent"] < index
            and spans[span["parent"]]["trace"] == span["trace"]
        )
        for index, span in enumerate(spans)
    )
