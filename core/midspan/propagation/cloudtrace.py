"""Google Cloud Trace: `x-cloud-trace-context`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from midspan.propagation._carrier import only
from midspan.propagation._format import Format
from midspan.propagation._identity import decimal, ids_of, is_sampled, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from midspan.context import Context
    from midspan.propagation._carrier import Headers

__all__ = ["CloudTrace"]

_NAME: Final = "x-cloud-trace-context"
_MAX_CHARS: Final = 512
_parse: Final = re.compile(r"([0-9a-fA-F]{32})/([0-9]{1,20})(?:;o=([0-9]{1,3}))?").fullmatch


class CloudTrace(Format):
    """Carries ids and the decision about sampling, also "not decided"; no baggage."""

    __slots__ = ()

    fields: Sequence[str] = (_NAME,)

    def _inject(self, headers: Headers, context: Context) -> None:
        span = context.span
        ids = ids_of(span)
        if span is None or ids is None:
            return
        sampled = is_sampled(span)
        options = "" if sampled is None else f";o={int(sampled)}"
        headers[_NAME] = f"{ids[0]}/{span._span_id}{options}"

    def _extract(self, headers: Headers, found: Context) -> bool:
        parts = _parse(only(headers, _NAME, _MAX_CHARS) or "")
        if parts is None:
            return False
        sampled = None if parts[3] is None else bool(int(parts[3]) & 1)
        return remote(found, int(parts[1], 16), decimal(parts[2]), sampled=sampled)
