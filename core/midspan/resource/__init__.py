"""Describe what runs: the service, the process, the host."""

from __future__ import annotations

from midspan.resource._detectors import (
    DETECTORS,
    Detector,
    container,
    detect,
    host,
    new_instance_id,
    os,
    process,
    sdk,
    service,
)
from midspan.resource._resource import Resource

__all__ = [
    "DETECTORS",
    "Detector",
    "Resource",
    "container",
    "detect",
    "host",
    "new_instance_id",
    "os",
    "process",
    "sdk",
    "service",
]
