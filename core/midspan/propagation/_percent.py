"""Percent-encoding (RFC 3986, section 2.1) in one linear pass each way, whatever the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decode", "encoder"]

_replace_runs: Final = re.compile(r"(?:%[0-9a-fA-F]{2})+").sub


def decode(text: str) -> str:
    """Decode as UTF-8; a percent sign that begins no escape stays, bytes that are no UTF-8 become U+FFFD."""
    return _replace_runs(_decoded, text) if "%" in text else text


def _decoded(run: re.Match[str]) -> str:
    return bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "replace")


def encoder(forbidden: str) -> Callable[[str], str]:
    """Return a function that escapes what a character class of `re` matches, the percent sign among it.

    A lone surrogate, which has no UTF-8, becomes a question mark.
    """
    replace = re.compile(f"{forbidden}+").sub
    return lambda text: replace(_encoded, text)


def _encoded(run: re.Match[str]) -> str:
    return "%" + run[0].encode("utf-8", "replace").hex("%").upper()
