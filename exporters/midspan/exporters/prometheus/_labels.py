"""Make labels out of attributes: texts, in names that Prometheus takes, where no two stand for one."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from midspan import _trouble
from midspan.exporters.prometheus._names import label_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from midspan.trace import InstrumentationScope

__all__ = ["EMPTY", "joined", "labels_of", "number_text", "scope_labels"]

# Prometheus takes an empty label for one that is missing; to have and not to have a tag are two things.
EMPTY: Final = "(empty)"
_SCOPE: Final = "otel_scope_"
# From where on Go's shortest form of a double has an exponent, which a label must have as well.
_DIGITS: Final = 6
_INFINITIES: Final = {math.inf: "+Inf", -math.inf: "-Inf"}


def labels_of(attributes: Mapping[str, Any], reserved: Iterable[str] = ()) -> dict[str, str]:
    """Return the labels for attributes, sorted by name.

    Values of keys that become one name are joined by ";", in the order of the keys (specification, "Metric
    Attributes"). A name that is `reserved` for something else is written `exported_...`, as Prometheus
    itself renames what a target says of its own place.
    """
    named: dict[str, list[str]] = {}
    for key in sorted(attributes, key=str):
        value = attributes[key]
        if value is None:
            continue
        name = label_name(str(key))
        if name in reserved or name.startswith(_SCOPE):
            name = f"exported_{name}"
        named.setdefault(name, []).append(_text(value))
    return {name: joined(named[name]) for name in sorted(named)}


def joined(texts: list[str]) -> str:
    """Return the value of a label; one that is there is never an empty text."""
    return ";".join(texts) or EMPTY


def scope_labels(scope: InstrumentationScope | None) -> dict[str, str]:
    """Return the labels that say which instrumentation a series comes from."""
    if scope is None or not scope.name:
        return {}
    facts = {"name": scope.name, "version": scope.version, "schema_url": scope.schema_url}
    more = labels_of(dict(scope.attributes), facts)
    return {_SCOPE + key: _clean(text) for key, text in (facts | more).items() if text}


def number_text(number: float) -> str:
    """Return a number as Go writes it, and therefore OpenMetrics wants it in `le` and `quantile`."""
    number = float(number)
    if number in _INFINITIES:
        return _INFINITIES[number]
    text = repr(number)
    whole, point, rest = text.partition(".")
    if point and number > 0 and len(whole) > _DIGITS and "e" not in text:
        mantissa = f"{whole[0]}.{whole[1:]}{rest}".rstrip("0").rstrip(".")
        return f"{mantissa}e+{len(whole) - 1:02d}"
    return text


def _text(value: Any) -> str:  # noqa: ANN401 - an attribute
    """Return a value as a text; lists and maps as JSON."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    try:
        return _clean(json.dumps(value, ensure_ascii=False, default=_trouble.safe_str))
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, or a list that holds itself
        return _clean(_trouble.safe_str(value))


def _clean(text: str) -> str:
    # A lone surrogate would cost the whole answer.
    return text.encode("utf-8", "backslashreplace").decode()
