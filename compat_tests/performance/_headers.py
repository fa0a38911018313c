"""Make the headers of requests that were never seen before."""

from __future__ import annotations

import random

_DICE = random.Random(20)
OTHERS = {
    "host": "shop.example.org",
    "user-agent": "checkout/2.1 (linux)",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
    "content-length": "142",
    "authorization": "Bearer none",
    "x-forwarded-for": "10.1.2.3",
    "connection": "keep-alive",
}


def fresh(requests: int) -> list[dict[str, str]]:
    """Give as many carriers, each with ids and a user of its own, so that no side can remember an answer."""
    return [_carrier() for _ in range(requests)]


def requests(requests: int) -> list[dict[str, str]]:
    """Give the same among the headers that a request has besides."""
    return [OTHERS | _carrier() for _ in range(requests)]


def without_ids(carrier: dict[str, str]) -> dict[str, str]:
    """Show what of a carrier's form does not depend on chance."""
    version, trace_id, span_id, flags = carrier["traceparent"].split("-")
    members = sorted(member.partition("=")[0] for member in carrier["baggage"].split(","))
    return {
        "traceparent": f"{version} {len(trace_id)} {len(span_id)} {flags}",
        "tracestate": carrier["tracestate"],
        "baggage": ",".join(members),
    }


def _carrier() -> dict[str, str]:
    return {
        "traceparent": f"00-{_DICE.getrandbits(128) or 1:032x}-{_DICE.getrandbits(64) or 1:016x}-01",
        "tracestate": "vendor=00f067aa0ba902b7,other=t61rcWkgMzE",
        "baggage": f"tier=gold,user=u-{_DICE.getrandbits(40):010x}",
    }
