"""Read what a file says about a run: `midspan.toml`, or the table `tool.midspan` of pyproject.toml."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from midspan._environment import ConfigurationError

__all__ = ["Settings", "read_file"]

_NAMES: Final = ("midspan.toml", "pyproject.toml")
# Nearly every project has a pyproject.toml: without this there is nothing to be understood in it.
_TABLE: Final = "tool.midspan"
_TABLES: Final = {"environment", "integrations", "no", "only"}


class Settings(NamedTuple):
    """What a file may say.

    `environment`: variables to be set where they are not. `only`, `no`: as on the command line.
    `integrations`: by name, the arguments of `instrument()`.
    """

    environment: dict[str, str]
    only: tuple[str, ...]
    no: tuple[str, ...]
    integrations: dict[str, dict[str, Any]]


def read_file(given: str | None) -> Settings:
    """Return the settings of a file; of none, those of the one in the current folder, if there is one.

    Raises:
        ConfigurationError: The file is not there, is no TOML, or says what is not known.
    """
    for path in [Path(given)] if given else map(Path, _NAMES):
        if given is None and not path.is_file():
            continue
        table = _load(path)
        if path.name == "pyproject.toml":
            table = table.get("tool", {}).get("midspan")
            if table is None and given is None:
                continue
        return _settings(table or {}, path)
    return Settings({}, (), (), {})


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    if path.name == "pyproject.toml" and _TABLE not in text:
        return {}
    try:
        toml: Any = importlib.import_module("tomllib")
        table: dict[str, Any] = toml.loads(text)
    except ModuleNotFoundError:
        raise ConfigurationError(f"{path} cannot be read: Python reads TOML from 3.11 on") from None
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid: {error}") from None
    return table


def _settings(table: Any, path: Path) -> Settings:  # noqa: ANN401 - whatever the file holds
    if not isinstance(table, dict) or set(table) - _TABLES:
        unknown = ", ".join(sorted(set(table) - _TABLES)) if isinstance(table, dict) else table
        message = f"{path}: {unknown} is not known: allowed are {', '.join(sorted(_TABLES))}"
        raise ConfigurationError(message)
    variables = table.get("environment", {})
    options = table.get("integrations", {})
    names = {key: table.get(key, []) for key in ("only", "no")}
    if not isinstance(variables, dict) or not all(map(_is_plain, variables.values())):
        raise ConfigurationError(f"{path}: environment must be a table of texts, numbers and booleans")
    if not isinstance(options, dict) or not all(isinstance(each, dict) for each in options.values()):
        raise ConfigurationError(f"{path}: integrations must be a table of tables, one for each integration")
    for key, value in names.items():
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ConfigurationError(f"{path}: {key} must be a list of names")
    return Settings(
        {name: _text(value) for name, value in variables.items()},
        tuple(names["only"]),
        tuple(names["no"]),
        options,
    )


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
