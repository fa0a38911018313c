"""The words that say what is to be instrumented, on a command line and in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from midspan._environment import ConfigurationError
from midspan.cli.run._file import read_file
from midspan.cli.run._wishes import Wishes

if TYPE_CHECKING:
    import argparse

__all__ = ["WITH_VALUE", "add_words", "understood"]

WITH_VALUE: Final = ("--only", "--no", "--file")


def add_words(parser: argparse.ArgumentParser) -> None:
    """Let a parser take `--only`, `--no` and `--file`."""
    parser.add_argument("--only", action="append", default=[], metavar="NAMES", help="these and no others")
    parser.add_argument("--no", action="append", default=[], metavar="NAMES", help="all but these")
    parser.add_argument(
        "--file", metavar="PATH", help="settings (default: midspan.toml, or tool.midspan in pyproject.toml)"
    )


def understood(options: argparse.Namespace) -> tuple[Wishes, dict[str, str]]:
    """Return what these words and the file wish for, and the variables that the file sets.

    Raises:
        ConfigurationError: The file cannot be read, or a name is not known.
    """
    settings = read_file(options.file)
    wishes = Wishes(
        (*_names(options.only), *settings.only),
        (*_names(options.no), *settings.no),
        settings.integrations,
    )
    named = {*wishes.only, *wishes.no, *wishes.options}
    if named:
        _must_exist(named)
    return wishes, settings.environment


def _names(given: list[str]) -> list[str]:
    return [name.strip() for words in given for name in words.split(",") if name.strip()]


def _must_exist(names: set[str]) -> None:
    from midspan.cli.run._points import registered  # noqa: PLC0415 - 20 ms, for who gives names

    there = {point.name for point in registered()}
    unknown = sorted(names - there)
    if unknown:
        message = f"there is no {', '.join(unknown)}; there is: {', '.join(sorted(there))}"
        raise ConfigurationError(message)
