"""Describe the 512 mixed spans of the encoding row, for each side to build with its own API.

A batch is what a busy service sends: some seventy requests, each a server span with calls and queries below.
About half of the pairs repeat from span to span (methods, routes, systems); the other half are new in
each batch (ids, addresses, sizes), so a cache earns in the benchmark what it would earn in life.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, TypeAlias

SPANS = 512
START_NS = 1_700_000_000_000_000_000
INTERNAL, SERVER, CLIENT = "INTERNAL", "SERVER", "CLIENT"
# Name, time, attributes.
Happening: TypeAlias = tuple[str, int, dict[str, Any]]
ROUTES = ("/cart", "/cart/{id}", "/checkout", "/orders/{id}", "/health", "/users/{id}/addresses")
TABLES = ("carts", "orders", "users", "stock")
STACK = "".join(
    f'  File "/srv/shop/{name}.py", line {line}, in handle\n' for name, line in (("app", 31), ("db", 207))
)


@dataclass(frozen=True)
class Described:
    """One span to build; `parent` is the place of its parent in the batch, earlier than its own."""

    name: str
    kind: str
    scope: str
    parent: int | None
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    events: list[Happening] = field(default_factory=list)
    links: int = 0
    error: str | None = None


def describe(batch: int) -> list[Described]:
    """Describe one batch; the same number gives the same batch, another number other values."""
    dice = random.Random(batch)
    spans: list[Described] = []
    while len(spans) < SPANS:
        spans.extend(_request(dice, len(spans), START_NS + batch * 10**9))
    return spans[:SPANS]


def _request(dice: random.Random, place: int, start_ns: int) -> list[Described]:
    below = [dice.choice((_query, _call, _step))(dice, place, start_ns) for _ in range(dice.randint(4, 9))]
    return [_server(dice, start_ns), *below]


def _server(dice: random.Random, start_ns: int) -> Described:
    route = dice.choice(ROUTES)
    failed = dice.random() < 0.05
    attributes = {
        "http.request.method": dice.choice(("GET", "GET", "POST")),
        "http.route": route,
        "url.path": route.replace("{id}", str(dice.randint(1, 10**6))),
        "http.response.status_code": 500 if failed else 200,
        "client.address": f"10.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}",
        "user.id": f"u-{dice.getrandbits(40):010x}",
        "user.known": dice.random() < 0.7,
        "server.address": "shop.example.org",
    }
    failure = {
        "exception.type": "TimeoutError",
        "exception.message": "too slow",
        "exception.stacktrace": STACK,
    }
    events = [("exception", start_ns + 4_000_000, failure)] if failed else []
    end_ns = start_ns + dice.randint(5_000_000, 90_000_000)
    links = 1 if dice.random() < 0.1 else 0
    error = "too slow" if failed else None
    return Described(
        f"GET {route}", SERVER, "shop.web", None, start_ns, end_ns, attributes, events, links, error
    )


def _query(dice: random.Random, parent: int, start_ns: int) -> Described:
    table = dice.choice(TABLES)
    attributes = {
        "db.system.name": "postgresql",
        "db.collection.name": table,
        "db.operation.name": "SELECT",
        "db.query.text": f"SELECT * FROM {table} WHERE id = ? AND state = ? LIMIT {dice.randint(1, 500)}",
        "db.response.returned_rows": dice.randint(0, 2_000),
        "server.address": "db.example.org",
        "server.port": 5432,
    }
    begin = start_ns + dice.randint(0, 10**6)
    end_ns = begin + dice.randint(10**5, 10**6)
    return Described(f"SELECT {table}", CLIENT, "shop.db", parent, begin, end_ns, attributes)


def _call(dice: random.Random, parent: int, start_ns: int) -> Described:
    attributes = {
        "http.request.method": "POST",
        "url.full": f"https://pay.example.org/charges/{dice.getrandbits(48):012x}",
        "http.response.status_code": 201,
        "http.request.body.size": dice.randint(100, 5_000),
        "retry.factor": dice.random(),
    }
    begin = start_ns + dice.randint(0, 10**6)
    events: list[Happening] = []
    if dice.random() < 0.3:
        events.append(("retry", begin + 1_000, {"attempt": dice.randint(1, 3), "reason": "connection reset"}))
    end_ns = begin + dice.randint(10**6, 10**7)
    return Described("POST", CLIENT, "shop.pay", parent, begin, end_ns, attributes, events)


def _step(dice: random.Random, parent: int, start_ns: int) -> Described:
    begin = start_ns + dice.randint(0, 10**6)
    attributes: dict[str, Any] = {"cart.items": dice.randint(1, 40)}
    if dice.random() < 0.3:
        attributes["cart.tags"] = ("gift", "express")
    events: list[Happening] = [("cache.miss", begin + 500, {})] if dice.random() < 0.2 else []
    return Described("price cart", INTERNAL, "shop.web", parent, begin, begin + 40_000, attributes, events)
