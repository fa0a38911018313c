"""Compare versions as pip does: their order, and whether specifiers such as ">=2.25,<4" allow one.

Source: the Python Packaging User Guide, "Version specifiers" (PEP 440).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Version", "is_allowed", "is_version"]

_FORM: Final = re.compile(
    r"""
    \s* v? (?:(?P<epoch>\d+)!)? (?P<release>\d+(?:\.\d+)*)
    (?:[-_.]? (?P<pre>alpha|a|beta|b|preview|pre|c|rc) [-_.]? (?P<pre_number>\d*))?
    (?P<post> -(?P<bare_post>\d+) | [-_.]?(?:post|rev|r)[-_.]?(?P<post_number>\d*))?
    (?P<dev> [-_.]?dev[-_.]?(?P<dev_number>\d*))?
    (?:\+ (?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))? \s*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,]+)\s*")
_STAGES: Final = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_BEFORE_ALPHA: Final = (-1, 0)
_FINAL: Final = (3, 0)
_NO_DEV: Final = (1, 0)


class Version(NamedTuple):
    """A version, in an order of its own: `Version.read("2.0rc1") < Version.read("2.0")`."""

    epoch: int
    # Without zeros at its end: 2 and 2.0 are one version.
    release: tuple[int, ...]
    # The stage (alpha 0, beta 1, candidate 2) and its number.
    pre: tuple[int, int] = _FINAL
    post: int = -1
    dev: tuple[int, int] = _NO_DEV
    local: tuple[tuple[int, int, str], ...] = ()

    @classmethod
    def read(cls, text: str) -> Version:
        """Read a version; of one that is in no known form, the numbers that it begins with."""
        found = _FORM.fullmatch(text)
        if found is None:
            return cls(0, _release(re.split(r"[^\d.]", text.strip(), maxsplit=1)[0]))
        has = found.groupdict()
        dev = (0, int(has["dev_number"] or 0)) if has["dev"] else _NO_DEV
        post = int(has["bare_post"] or has["post_number"] or 0) if has["post"] else -1
        pre = _FINAL
        if has["pre"]:
            pre = (_STAGES[has["pre"].lower()], int(has["pre_number"] or 0))
        elif has["dev"] and not has["post"]:
            # What leads to a release comes before its alphas.
            pre = _BEFORE_ALPHA
        return cls(int(has["epoch"] or 0), _release(has["release"]), pre, post, dev, _local(has["local"]))

    @property
    def leads_to(self) -> Version | None:
        """The version that this is an early form of; None if it is one itself."""
        if self.pre != _FINAL:
            return Version(self.epoch, self.release)
        return self._replace(dev=_NO_DEV, local=()) if self.dev != _NO_DEV else None

    @property
    def follows(self) -> Version | None:
        """The version that this only repairs; None if it is no post-release."""
        return self._replace(post=-1, dev=_NO_DEV, local=()) if self.post >= 0 else None


def is_version(text: str) -> bool:
    """Say whether a text is a version in the form that the guide knows."""
    return _FORM.fullmatch(text) is not None


def is_allowed(version: str, specifiers: str) -> bool:
    """Say whether a version that is installed is one that `specifiers` allow; "" allows every one.

    What is installed may be a pre-release, as for pip, which keeps one that is in the range.
    """
    clauses = [clause for clause in specifiers.split(",") if clause.strip()]
    return all(_is_within(version, clause) for clause in clauses)


def _is_within(text: str, clause: str) -> bool:
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        return False
    operator, wanted = found.groups()
    if operator == "===":
        return text.strip().lower() == wanted.lower()
    if operator == "~=":
        return _is_compatible(text, wanted)
    if wanted.endswith(".*"):
        return _begins(text, wanted[:-2]) is (operator == "==")
    return _compared(Version.read(text), operator, Version.read(wanted))


def _compared(version: Version, operator: str, wanted: Version) -> bool:
    # Who builds a version anew marks it locally; unless asked for, that makes no difference.
    public = version if wanted.local else version._replace(local=())
    if operator == "<":
        # Before 2.0 means before its candidates, too.
        return version < wanted and version.leads_to != wanted
    if operator == ">":
        # After 2.0 means after its repairs and its rebuilds, too.
        return version > wanted and wanted not in (version.follows, version._replace(local=()))
    return {
        "==": public == wanted,
        "!=": public != wanted,
        "<=": version._replace(local=()) <= wanted,
        ">=": version._replace(local=()) >= wanted,
    }[operator]


def _is_compatible(text: str, wanted: str) -> bool:
    """Judge `~=2.2`: from 2.2 on, and still a version 2."""
    found = _FORM.fullmatch(wanted)
    series = "" if found is None else found["release"].rpartition(".")[0]
    if found is None or not series:
        return False
    epoch = f"{found['epoch']}!" if found["epoch"] else ""
    return _compared(Version.read(text), ">=", Version.read(wanted)) and _begins(text, epoch + series)


def _begins(text: str, series: str) -> bool:
    """Say whether a version is one of a series: 2.2.1 of 2.2, and 2 of 2.0."""
    version, wanted = Version.read(text), Version.read(series)
    length = series.rpartition("!")[2].count(".") + 1
    padded = [(*each.release, *[0] * length)[:length] for each in (version, wanted)]
    return version.epoch == wanted.epoch and padded[0] == padded[1]


def _release(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _local(text: str | None) -> tuple[tuple[int, int, str], ...]:
    """Return a local part in its order: words before numbers."""
    parts = re.split(r"[-_.]", (text or "").lower()) if text else []
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
