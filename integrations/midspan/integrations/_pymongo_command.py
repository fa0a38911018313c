"""Say of a command of MongoDB what may be told of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan._trouble import safe_str

if TYPE_CHECKING:
    from midspan.integrations._db._settings import Shown

__all__ = ["Told", "refusal", "told"]

_LONGEST: Final = 8192
_LONGEST_VALUE: Final = 256
_DEEPEST: Final = 8
_MOST: Final = 32
# Commands whose own value is a collection; of others it may be a user, or anything.
_OF_COLLECTIONS: Final = frozenset(
    {"aggregate", "collMod", "collStats", "count", "create", "createIndexes", "delete", "distinct", "drop"}
    | {"dropIndexes", "find", "findAndModify", "insert", "listIndexes", "mapReduce", "update", "validate"}
    # As servers take them as well.
    | {"findandmodify", "mapreduce"}
)
_BATCHES: Final = {"insert": "documents", "update": "updates", "delete": "deletes", "bulkWrite": "ops"}
# What the driver adds for itself.
_UNSAID: Final = frozenset({"$clusterTime", "$db", "$readPreference", "lsid", "readConcern", "txnNumber"})


class Told(NamedTuple):
    """The collection that a command is about, how many things it holds, and its text."""

    collection: str | None
    batch: int | None
    text: str | None


def told(name: str, command: Mapping[str, Any], statements: Shown) -> Told:
    """Return what is to be recorded of a command; with `?` for each value, unless raw is asked for."""
    of_collection = command.get("collection" if name == "getMore" else name)
    is_known = (name in _OF_COLLECTIONS or name == "getMore") and isinstance(of_collection, str)
    collection = of_collection if is_known else None
    batch = command.get(_BATCHES.get(name, ""))
    size = len(batch) if isinstance(batch, list) else None
    if statements == "none":
        return Told(collection, size, None)
    said = {key: value for key, value in command.items() if key not in _UNSAID}
    shape = _shape(said, is_raw=statements == "raw")
    if collection is not None:
        shape["collection" if name == "getMore" else name] = collection
    return Told(collection, size, json.dumps(shape, ensure_ascii=False)[:_LONGEST])


def refusal(reply: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - what a server sent
    """Return what a write was refused for, of an answer that is a success otherwise: the first error."""
    if not isinstance(reply, Mapping):
        return None
    for error in (*(reply.get("writeErrors") or ()), reply.get("writeConcernError")):
        if isinstance(error, Mapping):
            return error
    return None


def _shape(value: Any, *, is_raw: bool, depth: int = 0) -> Any:  # noqa: ANN401 - whatever BSON holds
    if depth == _DEEPEST and isinstance(value, (Mapping, list, tuple)):
        return "..."
    if isinstance(value, Mapping):
        keys = list(value)[:_MOST]
        return {safe_str(key): _shape(value[key], is_raw=is_raw, depth=depth + 1) for key in keys}
    if isinstance(value, (list, tuple)):
        # The first tells what the others look like.
        shown = value[:_MOST] if is_raw else value[:1]
        return [_shape(each, is_raw=is_raw, depth=depth + 1) for each in shown]
    return safe_str(value)[:_LONGEST_VALUE] if is_raw else "?"
