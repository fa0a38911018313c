"""Hand on what lies below the SDK, where plug-ins may use it too."""

from __future__ import annotations

from midspan._environment import ConfigurationError, Environment

__all__ = ["ConfigurationError", "Environment"]
