"""Read how messages are recorded: what was given to `instrument()`, else the environment."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, get_args

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._inbound import Inbound
from midspan.integrations._options import known_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["MessagingOptions", "MessagingSettings", "messaging_settings"]


class MessagingOptions(TypedDict, total=False):
    """What every integration of a messaging system takes.

    `excluded`: names of tasks or destinations that are neither recorded nor given a context; `*` and `?`
    stand for any characters (default: `MIDSPAN_<NAME>_EXCLUDED`, separated by commas).

    `inbound`: "continue" the trace of the sender (the default), begin a trace of its own for each message
    with a "link" to the sender's, or "ignore" it.

    `send_hook(span, headers)`, `request_hook(span, message)`, `response_hook(span, message, result)`: called
    for a span that records: before a message leaves, before one is processed, and after that.
    """

    excluded: Iterable[str] | str
    inbound: Inbound
    send_hook: Callable[..., object]
    request_hook: Callable[..., object]
    response_hook: Callable[..., object]


class MessagingSettings(NamedTuple):
    """How one integration records messages."""

    # None: nothing is excluded.
    excluded: re.Pattern[str] | None
    inbound: Inbound
    send_hook: Callable[..., object] | None
    request_hook: Callable[..., object] | None
    response_hook: Callable[..., object] | None

    def excludes(self, name: str) -> bool:
        """Say whether messages of this name are not to be recorded."""
        return self.excluded is not None and self.excluded.match(name) is not None


def messaging_settings(
    name: str, options: Mapping[str, Any], environment: Environment | None = None
) -> MessagingSettings:
    """Return the settings of the integration `name`.

    Raises:
        ConfigurationError: An option is not known, or its value is not valid.
    """
    known_only(name, MessagingOptions, options)
    excluded = options.get("excluded")
    if excluded is None:
        excluded = (environment or Environment()).names(f"MIDSPAN_{name.upper()}_EXCLUDED") or ()
    elif isinstance(excluded, str):
        excluded = [item.strip() for item in excluded.split(",")]
    patterns = [fnmatch.translate(item) for item in excluded if item]
    # Not `MIDSPAN_INBOUND`: that is for what faces the public, and a broker does not.
    inbound = options.get("inbound", "continue")
    if inbound not in get_args(Inbound):
        allowed = ", ".join(get_args(Inbound))
        raise ConfigurationError(f"inbound={inbound!r} of {name} is not valid: allowed are {allowed}")
    return MessagingSettings(
        re.compile("|".join(patterns)) if patterns else None,
        inbound,
        options.get("send_hook"),
        options.get("request_hook"),
        options.get("response_hook"),
    )
