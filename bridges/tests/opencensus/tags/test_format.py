"""OpenCensus's binary format of tags, mended, and its native twin: each reads what the other writes."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencensus.tags import TagMap
from opencensus.tags.propagation.binary_serializer import BinarySerializer

from midspan.bridges import opencensus as bridge
from midspan.propagation import opencensus_tags

PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "


def _tags(longest):
    texts = st.text(PRINTABLE, max_size=longest)
    return st.dictionaries(texts.filter(bool), texts, max_size=8)


def _map(tags):
    made = TagMap()
    for name, value in tags.items():
        made.insert(name, value)
    return made


@given(_tags(255))
def test_there_and_back(tags):
    """OpenCensus reads what OpenCensus wrote, whatever its length; alone it reads up to 127 characters."""
    serializer = BinarySerializer()
    assert tags == dict(serializer.from_byte_array(serializer.to_byte_array(_map(tags))).map)


@given(_tags(255))
def test_opencensus_reads_what_is_sent(tags):
    """The native format is read by OpenCensus."""
    assert tags == dict(BinarySerializer().from_byte_array(opencensus_tags.encode(tags)).map)


@given(_tags(255))
def test_what_opencensus_sends_is_read(tags):
    """OpenCensus's bytes are the native format's, one for one."""
    sent = BinarySerializer().to_byte_array(_map(tags))
    assert (opencensus_tags.encode(tags), tags) == (sent, opencensus_tags.decode(sent))


@given(_tags(127))
def test_without_the_bridge_up_to_127(tags):
    """OpenCensus as it is reads what the native format writes, up to the length that it can read."""
    bridge.uninstall()
    serializer = BinarySerializer()
    sent = opencensus_tags.encode(tags)
    assert (tags, sent) == (dict(serializer.from_byte_array(sent).map), serializer.to_byte_array(_map(tags)))


def test_without_the_bridge_beyond():
    """What is mended is broken without the bridge; when OpenCensus can do it, the shield can go."""
    bridge.uninstall()
    serializer = BinarySerializer()
    sent = serializer.to_byte_array(_map({"k": "v" * 128}))
    with pytest.raises(ValueError, match="tag value"):
        serializer.from_byte_array(sent)


@pytest.mark.parametrize("cut", [b"\0\0\x04use", b"\0\0\x01k\x80", b"\0\0\x01k", b"\0\0"])
def test_what_is_cut_off_raises(cut):
    """As OpenCensus does."""
    with pytest.raises(IndexError):
        BinarySerializer().from_byte_array(cut)


def test_another_field_ends_the_reading():
    """As OpenCensus does."""
    data = opencensus_tags.encode({"k": "v"})
    assert {"k": "v"} == dict(BinarySerializer().from_byte_array(data + b"\x01rest").map)


def test_too_much_is_cut_with_a_warning(caplog):
    """As OpenCensus does: past 8,192 characters no more tags are read."""
    many = b"\0" + b"".join(opencensus_tags.encode({f"k{n:02}": "v" * 250})[1:] for n in range(40))
    assert len(BinarySerializer().from_byte_array(many).map) == 32
    assert ["Size of the tag context exceeds maximum"] == caplog.messages
