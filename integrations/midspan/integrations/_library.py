"""Say whether a library is here, and whether it is one that an integration knows."""

from __future__ import annotations

from importlib import metadata
from typing import NamedTuple

from midspan._environment import ConfigurationError
from midspan._imports import is_importable
from midspan._versions import is_allowed

__all__ = ["Library"]


class Library(NamedTuple):
    """What an integration instruments.

    `distribution` is its name where packages are published, `module` what a program imports, `oldest` the
    lowest version that is supported; None for a part of Python itself. `too_new` is the first version that is
    known not to work, if there is one.
    """

    distribution: str | None
    module: str
    oldest: str = "0"
    too_new: str | None = None

    def trouble(self) -> str | None:
        """Return why the library cannot be instrumented here; None if it can. Imports nothing."""
        if self.distribution is None:
            return None
        try:
            version = metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            # Vendored, or on a path without its metadata: there is no version to be judged.
            return None if is_importable(self.module) else f"{self.distribution} is not installed"
        if not is_allowed(version, f">={self.oldest}"):
            return f"{self.distribution} {version} is older than {self.oldest}"
        if self.too_new is not None and not is_allowed(version, f"<{self.too_new}"):
            return (
                f"{self.distribution} {version} is not supported yet; the last one was before {self.too_new}"
            )
        return None

    def must_be_here(self, extra: str) -> None:
        """Raise ConfigurationError, with what to install, unless the library can be instrumented."""
        trouble = self.trouble()
        if trouble is not None:
            message = f"{extra} cannot be instrumented: {trouble}; pip install 'midspan[{extra}]'"
            raise ConfigurationError(message)
