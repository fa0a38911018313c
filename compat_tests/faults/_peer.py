"""The peer's environment: made once from pins, kept under .venvs/."""

from __future__ import annotations

from pathlib import Path

from compat_tests import _environments

__all__ = ["python_of_the_peer"]


def python_of_the_peer() -> Path:
    """Return the interpreter of an environment that holds the peer; RuntimeError if it cannot be made."""
    pins = Path(__file__).parent / "requirements" / "opentelemetry.txt"
    return _environments.environment(
        pins, name="faults-opentelemetry", with_midspan=False, with_build_tools=False
    )
