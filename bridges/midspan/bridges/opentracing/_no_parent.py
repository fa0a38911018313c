"""Honour `opentracing.scope_managers.contextvars.no_parent_scope` natively.

That block clears opentracing's own context variable, which the native scope manager does not use. So while
there are native scope managers, the variable is replaced by one that clears the native slot along with it.
"""

from __future__ import annotations

import importlib
import sys
import weakref
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import context as _context

if TYPE_CHECKING:
    from contextvars import ContextVar, Token

__all__ = ["forget", "honour"]

_MODULE: Final = "opentracing.scope_managers.contextvars"
_managers: set[weakref.ref[Any]] = set()


class _BothTokens(NamedTuple):
    own: Token[Any]
    native: _context.Token


class _Variable:
    """opentracing's context variable, as its scope manager and `no_parent_scope` use it."""

    def __init__(self, own: ContextVar[Any]) -> None:
        self.own = own

    def get(self, *default: Any) -> Any:
        return self.own.get(*default)

    def set(self, value: Any) -> Any:
        token = self.own.set(value)
        return token if value is not None else _BothTokens(token, _context.attach(_context.EMPTY))

    def reset(self, token: Any) -> None:
        if isinstance(token, _BothTokens):
            _context.detach(token.native)
            token = token.own
        self.own.reset(token)


def honour(manager: Any) -> None:
    """Clear the native slot in `no_parent_scope` as long as `manager` lives."""
    module = _module()
    if module is None:
        return
    _managers.add(weakref.ref(manager, _forgotten))
    if not isinstance(module._SCOPE, _Variable):
        module._SCOPE = _Variable(module._SCOPE)


def forget(manager: Any) -> None:
    """Stop, as if `manager` were gone."""
    _forgotten(weakref.ref(manager))


def _forgotten(reference: weakref.ref[Any]) -> None:
    _managers.discard(reference)
    # Nothing is imported here: this may run in the garbage collector, in the midst of any other import.
    module: Any = None if _managers else sys.modules.get(_MODULE)
    if module is not None and isinstance(module._SCOPE, _Variable):
        module._SCOPE = module._SCOPE.own


def _module() -> Any:
    try:
        return importlib.import_module(_MODULE)
    except ImportError:  # before opentracing 2.3
        return None
