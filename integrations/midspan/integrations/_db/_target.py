"""Say which database a statement goes to. Told once a connection, not once a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from midspan.integrations._semconv import Semconv

__all__ = ["Target", "fill"]

# Registered names that differ between the stable conventions and those before (db.system).
_LEGACY_SYSTEMS: Final = {"microsoft.sql_server": "mssql", "oracle.db": "oracle"}


class Target(NamedTuple):
    """A database: `system` by its registered name (`postgresql`, `mysql`, `sqlite`, ...), and where it is."""

    system: str
    namespace: str | None = None
    host: str | None = None
    port: int | None = None

    def attributes(self, semconv: Semconv) -> dict[str, Any]:
        """Return what is the same for every statement that goes there."""
        found: dict[str, Any] = {}
        if semconv != "legacy":
            found["db.system.name"] = self.system
            fill(found, "db.namespace", self.namespace)
            fill(found, "server.address", self.host)
            fill(found, "server.port", self.port)
        if semconv != "stable":
            found["db.system"] = _LEGACY_SYSTEMS.get(self.system, self.system)
            fill(found, "db.name", self.namespace)
            fill(found, "net.peer.name", self.host)
            fill(found, "net.peer.port", self.port)
        return found


def fill(attributes: dict[str, Any], key: str, value: object) -> None:
    """Set an attribute, if there is anything to tell."""
    if value is not None and value != "":
        attributes[key] = value
