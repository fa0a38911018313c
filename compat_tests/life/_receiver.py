"""Receive what processes send, and know which of them sent it."""

from __future__ import annotations

from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from compat_tests.faults._collector import Collector

__all__ = ["Account", "Receiver"]


class Account(NamedTuple):
    """What became of a load: each unit of it is to be one trace of two spans."""

    made: int
    whole: int
    lost: int
    double: int
    # Ids that two spans have.
    clashes: int
    # How many instances sent spans, and how many of their ids stand for more than one process.
    instances: int
    shared: int

    @property
    def is_exact(self) -> bool:
        """Whether all arrived, once, each process's as its own."""
        return self == self._replace(whole=self.made, lost=0, double=0, clashes=0, shared=0)


class Receiver(Collector):
    """A collector that also keeps which process called itself by which instance id."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.processes: dict[str, set[int]] = {}

    def take(self, path: str, body: bytes) -> None:
        """Decode one payload and keep what it holds."""
        super().take(path, body)
        if path.endswith("/traces"):
            for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
                told = {each.key: each.value for each in sent.resource.attributes}
                # The peer does not tell.
                if "process.pid" in told:
                    instance = told["service.instance.id"].string_value
                    self.processes.setdefault(instance, set()).add(told["process.pid"].int_value)

    def account(self, made: int) -> Account:
        """Return what became of the units "/0", "/1" and so on."""
        arrived = [self.names[f"/{number}"] for number in range(made)]
        traces: dict[bytes, set[str]] = {}
        for span in self.spans:
            traces.setdefault(span.trace_id, set()).add(span.name)
        wanted = {f"/{number}" for number in range(made)}
        return Account(
            made,
            whole=sum("below" in names and len(names & wanted) == 1 for names in traces.values()),
            lost=arrived.count(0),
            double=sum(count > 1 for count in arrived),
            clashes=self.duplicates,
            instances=len(self.processes),
            shared=sum(len(pids) > 1 for pids in self.processes.values()),
        )
