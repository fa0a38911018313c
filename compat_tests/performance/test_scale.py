"""What docs/scale.md counts with can be measured, and the measurement sends what it says."""

from __future__ import annotations

import pytest

from compat_tests.performance import scale

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_each_way_sends_every_span():
    """Acknowledged at the other end, with the bytes that it took."""
    with scale.places() as (where, _):
        told = {way.title: scale.play(where, way, 2) for way in scale.WAYS}
        weighed = scale.play(where, scale.WAYS[3], 2, weigh=True)
    sent = (scale.WARM_UP + 2) * scale.SIZE
    assert [0] + [sent] * (len(scale.WAYS) - 1) == [each["exported"] for each in told.values()]
    plain, packed = (told[title]["wire_bytes"] for title in ("OTLP/HTTP", "OTLP/HTTP, gzip"))
    assert 100 < packed < plain / 2
    # On its way to Kafka it is compressed after it was counted.
    assert 100 < weighed["wire_bytes"] < told["Kafka, by trace, zstd"]["wire_bytes"] / 2
