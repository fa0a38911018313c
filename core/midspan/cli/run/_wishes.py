"""What `midspan run` was asked for, as it is handed to the processes that it starts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLE", "Wishes"]

VARIABLE: Final = "MIDSPAN_RUN"


class Wishes(NamedTuple):
    """Which plug-ins are to be on, and with what options.

    `only` names them, if it is not empty; those that `no` names stay off. `options` holds, by the name of an
    integration, the arguments of its `instrument()`.
    """

    only: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Any]] = {}

    def refusal(self, name: str) -> str | None:
        """Return why a plug-in stays off; None if it does not."""
        if name in self.no:
            return f"--no {name}"
        return f"--only {','.join(self.only)}" if self.only and name not in self.only else None

    def written(self) -> str:
        """Return the wishes as the value of a variable."""
        return json.dumps({"only": self.only, "no": self.no, "options": self.options})

    @classmethod
    def read(cls, text: str) -> Wishes:
        """Return what `written` made text of; ValueError if it is something else."""
        found = json.loads(text)
        if type(found) is not dict:
            raise ValueError(text)
        return cls(tuple(found.get("only", ())), tuple(found.get("no", ())), dict(found.get("options", {})))
