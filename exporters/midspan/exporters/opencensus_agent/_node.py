"""Say what a resource is in OpenCensus's two places for it: who sends (`Node`), and what runs (`Resource`).

| attribute of the resource | OpenCensus (common.proto, resource.proto) |
|---|---|
| `service.name` | `Node.service_info.name` |
| `host.name`, `process.pid` | `Node.identifier.host_name`, `.pid` |
| `telemetry.sdk.version` | `Node.library_info.core_library_version` |
| `telemetry.sdk.language` | `Node.library_info.language`, which always says Python |
| | `Node.library_info.exporter_version`: midspan's |
| `cloud.availability_zone` | the label `cloud.zone` of `Resource` |
| `opencensus.resourcetype` | `Resource.type`; else `container`, `k8s` or `cloud`, as far as that shows |
| any other | a label of `Resource` of that name, as a text |

The Collector reads them as the same attributes again, with values that are texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan import _trouble
from midspan._about import VERSION
from midspan.exporters._plain import mended_attributes
from midspan.exporters._texts import tag_text
from midspan.exporters._wire import delimited, varint
from midspan.exporters.opencensus_agent._values import string_map

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Origin", "node_of_many", "origin_of", "resource_with_all"]

# LibraryInfo.Language
_PYTHON: Final = b"\x08\x08"
_LANGUAGE: Final = "telemetry.sdk.language"
_TYPE: Final = "opencensus.resourcetype"
# OpenCensus's own types of resources, by the attribute which tells that it is one; the first that is there.
_TYPES: Final = {"container.name": "container", "k8s.pod.name": "k8s", "cloud.provider": "cloud"}
_LABELS: Final = {"cloud.availability_zone": "cloud.zone"}
_UINT32: Final = 1 << 32


class Origin(NamedTuple):
    """The messages that say where something comes from: a `Node` and a `Resource`."""

    node: bytes
    resource: bytes


def origin_of(resource: Any) -> Origin:  # noqa: ANN401 - a Resource, or what looks like one
    """Return both messages for a resource, whatever it holds."""
    attributes = _attributes(resource)
    # Node: identifier = 1, library_info = 2, service_info = 3.
    fields = [_identifier(attributes), _library(attributes), _service(attributes)]
    return Origin(b"".join(fields), _resource(attributes))


def node_of_many() -> bytes:
    """Return a `Node` for a request about several resources: it says which library this is, and no more."""
    return _library({})


def resource_with_all(resource: Any) -> bytes:  # noqa: ANN401 - as above
    """Return a `Resource` that says all, also what a node would say otherwise."""
    return _resource(_attributes(resource))


def _attributes(resource: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    try:
        return mended_attributes(getattr(resource, "attributes", None))
    except Exception as error:  # noqa: BLE001 - one that is not ours may raise anywhere
        _trouble.report("encoding.odd_origin", "%s cannot be told", type(resource).__name__, error=error)
        return {}


def _identifier(attributes: dict[str, Any]) -> bytes:
    """Return the field of a `ProcessIdentifier`: host_name = 1, pid = 2; and take out what it says."""
    host, pid, fields = attributes.get("host.name"), attributes.get("process.pid"), b""
    if type(host) is str:
        del attributes["host.name"]
        fields += delimited(b"\x0a", host.encode())
    if type(pid) is int and 0 < pid < _UINT32:
        del attributes["process.pid"]
        fields += b"\x10" + varint(pid)
    return delimited(b"\x0a", fields) if fields else b""


def _library(attributes: dict[str, Any]) -> bytes:
    """Return the field of a `LibraryInfo`: language = 1, exporter_version = 2, core_library_version = 3."""
    fields = _PYTHON + delimited(b"\x12", VERSION.encode())
    if attributes.get(_LANGUAGE) == "python":
        del attributes[_LANGUAGE]
    version = attributes.get("telemetry.sdk.version")
    if type(version) is str:
        del attributes["telemetry.sdk.version"]
        fields += delimited(b"\x1a", version.encode())
    return delimited(b"\x12", fields)


def _service(attributes: dict[str, Any]) -> bytes:
    """Return the field of a `ServiceInfo`: name = 1."""
    name = tag_text(attributes.pop("service.name", None)) or "unknown_service"
    return delimited(b"\x1a", delimited(b"\x0a", name.encode()))


def _resource(attributes: dict[str, Any]) -> bytes:
    """Return a `Resource`: type = 1, labels = 2."""
    kind = attributes.pop(_TYPE, None)
    if type(kind) is not str:
        kind = next((kind for key, kind in _TYPES.items() if key in attributes), "")
    type_field = delimited(b"\x0a", kind.encode()) if kind else b""
    return type_field + string_map(b"\x12", dict(_labels(attributes)))


def _labels(attributes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in attributes.items():
        if value is not None:
            yield _LABELS.get(key, key), tag_text(value)
