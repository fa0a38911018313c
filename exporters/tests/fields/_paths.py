"""Find the place in a decoded message that a path names: `attributes[order.id].value.string_value`."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["MISSING", "camel_case", "find", "leaves"]

MISSING: Final = "(missing)"
_STEP: Final = re.compile(r"([^.\[\]]+|(?=\[))((?:\[[^\]]+\])*)(?:\.|$)")
_SELECTOR: Final = re.compile(r"\[([^\]]+)\]")


def find(document: Any, path: str) -> Any:
    """Return what lies at a path; MISSING if nothing does.

    A step is a name, with selectors in brackets: of a map a key; of a list a number, the `key` or `name` that
    an item has, or a label and its text (`[le=5.0]`). A list of one item needs none. A name with dots in it
    is a selector by itself.
    """
    assert "".join(step.group() for step in _STEP.finditer(path)) == path, f"no path: {path}"
    found = document
    for name, selectors in _STEP.findall(path):
        found = _item(found, name) if name else found
        for selector in _SELECTOR.findall(selectors):
            found = _selected(found, selector)
    return found


def _item(found: Any, name: str) -> Any:
    if isinstance(found, list):
        found = found[0] if len(found) == 1 else MISSING
    return found.get(name, MISSING) if isinstance(found, dict) else MISSING


def _selected(found: Any, selector: str) -> Any:
    if isinstance(found, dict):
        return found.get(selector, MISSING)
    if not isinstance(found, list):
        return MISSING
    if selector.isdecimal():
        return found[int(selector)] if int(selector) < len(found) else MISSING
    label, _, text = selector.partition("=")
    fitting = [each for each in found if _has(each, selector, label, text)]
    assert len(fitting) < 2, f"{selector} is there twice"
    return fitting[0] if fitting else MISSING


def _has(item: Any, selector: str, label: str, text: str) -> bool:
    if text:
        return bool(item["labels"].get(label) == text)
    return selector in (item.get("key"), item.get("name"))


def camel_case(path: str) -> str:
    """Return a path with the names that protobuf's JSON gives to fields; keys in brackets stay."""
    return "".join(
        part if part.startswith("[") else re.sub("_([a-z])", lambda found: found[1].upper(), part)
        for part in re.split(r"(\[[^\]]+\])", path)
    )


def leaves(document: Any) -> list[Any]:
    """Return every value in a document, of whatever depth."""
    if isinstance(document, dict):
        return [leaf for item in document.values() for leaf in leaves(item)]
    if isinstance(document, list):
        return [leaf for item in document for leaf in leaves(item)]
    return [document]
