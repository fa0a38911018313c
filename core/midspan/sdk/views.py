"""Views: change what becomes of an instrument's measurements, without touching the code that makes them.

>>> from midspan.sdk import aggregation, views
>>> view = views.View(name="http.*", drop=("user.id",), aggregation=aggregation.ExponentialBuckets())
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from midspan.sdk import aggregation as _aggregation
from midspan.sdk.exemplars import FixedSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from midspan.metrics import Instrument
    from midspan.sdk.aggregation import Aggregation
    from midspan.sdk.exemplars import Reservoir

__all__ = ["View"]


class View:
    """Match instruments by what is given, and change what is given; an instrument may match several views.

    `name` and `scope` are shell patterns, `kind` is one of `counter`, `up_down_counter`, `histogram`,
    `gauge`, `observable_counter`, `observable_up_down_counter`, `observable_gauge`.
    """

    def __init__(  # noqa: PLR0913 - conditions and changes, all of them by name
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        unit: str | None = None,
        scope: str | None = None,
        rename: str | None = None,
        description: str | None = None,
        keep: Iterable[str] | None = None,
        drop: Iterable[str] = (),
        aggregation: Aggregation | str | None = None,
        cardinality_limit: int | None = None,
        reservoir: Callable[[], Reservoir] | int | None = None,
    ) -> None:
        """Take conditions (the first four) and changes.

        `keep` lists the only attribute keys that stay, `drop` those that go. `reservoir` is how many
        exemplars each series keeps, or what makes the reservoir of a series.

        Raises:
            ValueError: There is no condition; or a pattern for several names is given one new name; or the
                aggregation's name is not known, or the limit or the reservoir is below 1.
        """
        if name is None and kind is None and unit is None and scope is None:
            raise ValueError("a view needs a condition: name, kind, unit or scope")
        if rename is not None and (name is None or any(sign in name for sign in "*?[")):
            message = f"rename={rename!r} would give many instruments one name: name={name!r} must be exact"
            raise ValueError(message)
        if cardinality_limit is not None and cardinality_limit < 1:
            message = f"cardinality_limit={cardinality_limit!r} is not valid: allowed is 1 or more"
            raise ValueError(message)
        self._name = None if name is None else name.lower()
        self._kind, self._unit, self._scope = kind, unit, scope
        self.rename, self.description = rename, description
        self._keep = None if keep is None else frozenset(keep)
        self._drop = frozenset(drop)
        self.cardinality_limit = cardinality_limit
        self.aggregation = _aggregation.by_name(aggregation) if isinstance(aggregation, str) else aggregation
        self.reservoir = _fixed_size(reservoir) if isinstance(reservoir, int) else reservoir

    def matches(self, instrument: Instrument) -> bool:
        """Say whether all conditions hold."""
        return (
            (self._name is None or fnmatchcase(instrument.name.lower(), self._name))
            and (self._kind is None or instrument.kind == self._kind)
            and (self._unit is None or instrument.unit == self._unit)
            and (self._scope is None or fnmatchcase(instrument.scope.name, self._scope))
        )

    @property
    def filters(self) -> bool:
        """Whether attributes are taken away."""
        return self._keep is not None or bool(self._drop)

    def divided(self, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the attributes that stay, and those that are taken away."""
        stays: dict[str, Any] = {}
        taken: dict[str, Any] = {}
        for key, value in attributes.items():
            is_wanted = key not in self._drop and (self._keep is None or key in self._keep)
            (stays if is_wanted else taken)[key] = value
        return stays, taken


def _fixed_size(size: int) -> Callable[[], Reservoir]:
    FixedSize(size)  # Raises here, where it is written, and not where it would be used.
    return lambda: FixedSize(size)
