"""AWS X-Ray: `x-amzn-trace-id`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import hexadecimal, ids_of, is_sampled, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["XRay"]

_NAME: Final = "x-amzn-trace-id"
# Lineage and the fields of an application may follow; a load balancer adds its own.
_MAX_CHARS: Final = 2_048
_is_root: Final = re.compile(r"1-([0-9a-fA-F]{8})-([0-9a-fA-F]{24})").fullmatch
_SAMPLED: Final = {"1": True, "0": False}


class XRay(Format):
    """Carries ids and the decision about sampling, also "not decided" (`Sampled=?`); no baggage.

    `Self`, `Lineage` and fields of an application are read over, and not sent on.
    """

    __slots__ = ()

    fields: Sequence[str] = (_NAME,)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        ids = ids_of(span)
        if span is None or ids is None:
            return
        sampled = is_sampled(span)
        said = "?" if sampled is None else "1" if sampled else "0"
        headers[_NAME] = f"Root=1-{ids[0][:8]}-{ids[0][8:]};Parent={ids[1]};Sampled={said}"

    def _extract(self, headers: Headers, found: Context) -> bool:
        header = only(headers, _NAME, _MAX_CHARS)
        if header is None:
            return False
        fields: dict[str, str] = {}
        for field in header.split(";"):
            name, _, value = field.partition("=")
            fields[name.strip().lower()] = value.strip()
        root = _is_root(fields.get("root", ""))
        if root is None:
            return False
        span_id = hexadecimal(fields.get("parent"), 16)
        sampled = _SAMPLED.get(fields.get("sampled", ""))
        return remote(found, int(root[1] + root[2], 16), span_id, sampled=sampled)
