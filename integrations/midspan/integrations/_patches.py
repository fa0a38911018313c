"""Put something around a library's own functions, and take it away again."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from midspan import _imports

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Patches"]

_ABSENT: Final = object()


class Patches:
    """What one integration has put around a library's functions.

    `on` is read by what was put there: somebody else may have wrapped it since, and then it cannot be taken
    away without taking away theirs. It stays, and hands every call on.
    """

    __slots__ = ("_awaited", "_made", "on")

    def __init__(self) -> None:
        self.on = True
        self._made: list[tuple[Any, str, Any, Any]] = []
        self._awaited: list[tuple[str, Callable[[], object]]] = []

    def when_imported(self, module: str, put: Callable[[Patches], None]) -> None:
        """Patch with `put(patches)` once the program has imported `module`: at once if it has already.

        What a program never imports costs it nothing, and what it does comes in its own order.
        """

        def arrived() -> None:
            try:
                if self.on:
                    put(self)
            except BaseException:
                # Half an integration is worse than none.
                self.undo()
                raise

        self._awaited.append((module, arrived))
        _imports.when_imported(module, arrived)

    def around(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:  # noqa: ANN401 - a module, class or object
        """Set `owner.name` to `wrap(original)`.

        Around a method of a class, `original` is the plain function and takes `self` first. Of an object of
        that class, the same: `wrap` need not know which of the two it was given.
        """
        before = vars(owner).get(name, _ABSENT)
        if _is_plain_object(owner):
            # The function below the bound method, whether the object or its class holds it.
            original = getattr(owner, name)
            made: Any = types.MethodType(wrap(_unbound(original)), owner)
        elif isinstance(before, staticmethod):
            made = staticmethod(wrap(before.__func__))
        elif isinstance(before, classmethod):
            made = classmethod(wrap(before.__func__))
        else:
            made = wrap(getattr(owner, name) if before is _ABSENT else before)
        setattr(owner, name, made)
        self._made.append((owner, name, before, made))

    def undo(self) -> None:
        """Restore what was there, where nobody else has put something around ours."""
        self.on = False
        while self._awaited:
            _imports.stop_waiting(*self._awaited.pop())
        while self._made:
            owner, name, before, made = self._made.pop()
            if vars(owner).get(name) is not made:
                continue
            if before is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


def _is_plain_object(owner: object) -> bool:
    return not isinstance(owner, (type, types.ModuleType))


def _unbound(function: Any) -> Any:  # noqa: ANN401 - a bound method, or any callable that an object holds
    if isinstance(function, types.MethodType):
        return function.__func__
    # An application hung a callable of its own on the object (`app.wsgi_app = ProxyFix(app.wsgi_app)`).
    return lambda _self, *args, **kwargs: function(*args, **kwargs)
