"""Find out what runs here: what was said about the service, what detectors see, what a fork changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from midspan.resource import DETECTORS, Resource, detect, new_instance_id
from midspan.sdk._environment import ConfigurationError, Environment
from midspan.trace import SpanLimits
from midspan.trace._attributes import clean_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["child_resource", "detected_resource", "given_resource", "plain_resource"]


def given_resource(
    service_name: str | None, resource: Resource | Mapping[str, Any] | None, environment: Environment
) -> Resource:
    """Return what somebody said about the service: the variables, `resource`, `service_name`; later ones win.

    Raises:
        ConfigurationError: A variable, or `resource`, cannot be read.
    """
    given = Resource(environment.pairs("OTEL_RESOURCE_ATTRIBUTES"))
    named = environment.text("OTEL_SERVICE_NAME")
    if named is not None:
        given = given.merge(Resource({"service.name": named}))
    if isinstance(resource, Resource):
        given = given.merge(plain_resource(resource.attributes, resource.schema_url))
    elif isinstance(resource, Mapping):
        given = given.merge(plain_resource(resource))
    elif resource is not None:
        message = f"resource={resource!r} is not valid: allowed is a Resource, or a mapping of attributes"
        raise ConfigurationError(message)
    return given.merge(Resource({"service.name": str(service_name)})) if service_name else given


def plain_resource(attributes: Mapping[str, Any] | None, schema_url: str = "") -> Resource:
    """Make a resource of what an application gives. It goes with every batch: an odd value would lose all."""
    cleaned, _ = clean_attributes(attributes or {}, sys.maxsize, SpanLimits().value_length)
    return Resource(cleaned, schema_url)


def detected_resource(detectors: Sequence[str] | None, environment: Environment) -> Resource:
    """Return what the detectors find: those that were asked for, or all.

    Raises:
        ConfigurationError: There is no such detector.
    """
    names = detectors if detectors is not None else environment.names("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS")
    return detect(_detectors(names))


def _detectors(names: Sequence[str] | None) -> dict[str, Any]:
    """Look detectors up by name; "otel" is the specification's name for what is always detected."""
    if names is None or "*" in names:
        return DETECTORS
    unknown = [name for name in names if name not in DETECTORS and name != "otel"]
    if unknown:
        message = (
            f"resource detector {unknown[0]!r} (OTEL_EXPERIMENTAL_RESOURCE_DETECTORS) is not valid: "
            f"allowed is any of {', '.join(DETECTORS)}, otel, *"
        )
        raise ConfigurationError(message)
    return {name: DETECTORS[name] for name in DETECTORS if name in ("sdk", "service", *names)}


def child_resource(given: Resource, resource: Resource) -> Resource:
    """Return the resource of a forked child: another process, another instance, unless these were given."""
    changed: dict[str, Any] = {"service.instance.id": new_instance_id()}
    if "process.pid" in resource.attributes:
        changed |= {"process.pid": os.getpid(), "process.parent_pid": os.getppid()}
    return resource.merge(Resource(changed)).merge(given)
