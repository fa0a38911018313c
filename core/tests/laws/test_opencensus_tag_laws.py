"""Laws of OpenCensus's tags in binary: what is written is read, and nothing that is read breaks anything."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from midspan.propagation.opencensus_tags import decode, encode

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
NAMES = st.text(PRINTABLE, min_size=1, max_size=255)
VALUES = st.text(PRINTABLE, max_size=255)


@given(st.dictionaries(NAMES, VALUES, max_size=16))
def test_there_and_back(tags):
    """Whatever can be tags arrives as it was."""
    assert tags == decode(encode(tags))


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"\0" + tail))
def test_any_bytes(data):
    """What is read of any bytes can be sent on, and is found again."""
    found = decode(data)
    assert found == decode(encode(found))
