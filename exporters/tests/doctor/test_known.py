"""The variables that the doctor knows of an exporter are those that the exporter reads."""

from __future__ import annotations

from importlib import metadata

import pytest

from midspan._environment import watched
from midspan.cli.doctor._known import KNOWN

OURS = [
    point
    for point in metadata.entry_points(group="midspan.exporters")
    if point.value.startswith("midspan.exporters.")
]


@pytest.mark.parametrize("point", OURS, ids=[point.name for point in OURS])
def test_what_an_exporter_reads_is_what_is_known_of_it(point, monkeypatch, tmp_path):
    """Recorded while it is made, with everything left to the variables."""
    monkeypatch.chdir(tmp_path)
    # The default port may be somebody's.
    monkeypatch.setenv("OTEL_EXPORTER_PROMETHEUS_PORT", "0")
    with watched() as readings:
        point.load()().shutdown(1)
    assert set(KNOWN.get(point.name, ())) == {name for name in readings if name}
