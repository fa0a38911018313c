"""Describe an exception as the semantic conventions for exceptions want it, whatever it is made of."""

from __future__ import annotations

from midspan._signals import let_through
from midspan._trouble import report, safe_str
from midspan._trouble import type_name as bare_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["attributes_of", "describe", "type_name"]


def type_name(exception: BaseException) -> str:
    """Return the qualified name of the exception's type; builtins go by their bare name."""
    kind = type(exception)
    try:
        module = kind.__module__
    except Exception:  # noqa: BLE001 - a metaclass may hide it
        return bare_name(exception)
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def describe(exception: BaseException) -> str:
    """Return one line: type and message, without credentials."""
    return f"{bare_name(exception)}: {_message(exception)}"


def attributes_of(exception: BaseException, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return `exception.type`, `.message` and `.stacktrace`, overridden by `more`."""
    attributes: dict[str, Any] = {
        "exception.type": type_name(exception),
        "exception.message": _message(exception),
        "exception.stacktrace": _stacktrace(exception),
    }
    if more is not None:
        try:
            attributes.update(more)
        except Exception as error:  # noqa: BLE001 - a mapping of the application's own may fail anywhere
            report("attributes.unreadable", "attributes could not be read", error=error)
    return attributes


def _message(exception: BaseException) -> str:
    # Compiling its patterns costs 3 ms, and most programs never raise.
    from midspan._redaction import redacted_text  # noqa: PLC0415

    return redacted_text(safe_str(exception))


def _stacktrace(exception: BaseException) -> str:
    import traceback  # noqa: PLC0415 - costs 5 ms at import, and most programs never raise

    from midspan._redaction import redacted_trace  # noqa: PLC0415 - as above

    trace = None
    try:
        # Some record a text or a class for want of an exception.
        trace = exception.__traceback__ if issubclass(type(exception), BaseException) else None
        return redacted_trace("".join(traceback.format_exception(type(exception), exception, trace)))
    except Exception as error:  # noqa: BLE001 - formatting calls the exception's own methods
        let_through(error)
        return "".join(traceback.format_tb(trace)) + describe(exception)
