"""What code and variables may say about where to send and as whom."""

from __future__ import annotations

import base64

import hypothesis.strategies as st
import pytest
from hypothesis import given

from midspan.exporters._grpc import Address, Target, checked_address, checked_metadata, credentials_in_clear
from midspan.sdk import ConfigurationError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("http://c:1", Address("c:1", is_secure=False)),
        ("https://c:1/", Address("c:1", is_secure=True)),
        ("https://c", Address("c:4317", is_secure=True)),
        ("http://[::1]:1", Address("[::1]:1", is_secure=False)),
        ("http://[::1]", Address("[::1]:4317", is_secure=False)),
        ("c", Address("c:4317")),
        ("c:1", Address("c:1")),
        ("10.0.0.1:1", Address("10.0.0.1:1")),
        ("[::1]:1", Address("[::1]:1")),
        ("unix:/run/c.sock", Address("unix:/run/c.sock")),
        ("unix:///run/c.sock", Address("unix:///run/c.sock")),
        ("unix:c.sock", Address("unix:c.sock")),
        ("unix-abstract:c", Address("unix-abstract:c")),
        ("dns:///c:1", Address("dns:///c:1")),
        ("dns:c:1", Address("dns:c:1")),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", Address("ipv4:10.0.0.1:1,10.0.0.2:1")),
        (
            "https://user:p%40ss@c:1",
            Address("c:1", is_secure=True, credentials={"authorization": "Basic dXNlcjpwQHNz"}),
        ),
    ],
)
def test_an_address_may_be_written_in_several_ways(value, expected):
    """As a URL, as a host, or as gRPC's own names are."""
    assert expected == checked_address("endpoint", value, 4317)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "http://",
        "http://c:port",
        "http://c/v1/traces",
        "https://c?key=1",
        "grpc://c:1",
        "c:0",
        "c:99999",
        "c:port",
        "c/path",
        "[::1",
        "unix:",
        ":1",
        5,
        None,
    ],
)
def test_what_is_no_address_is_refused_by_name(value):
    """With what is allowed."""
    with pytest.raises(ConfigurationError, match=r"^where=.* is not valid: allowed is a URL"):
        checked_address("where", value, 4317)


@pytest.mark.parametrize("value", ["ftp://user:secret@c", "user:secret@c:1", "https://user:secret@c/path"])
def test_a_refused_address_is_shown_without_its_credentials(value):
    """The message goes to a log."""
    with pytest.raises(ConfigurationError) as caught:
        checked_address("where", value, 4317)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ({}, ()),
        ("a=1,B=x%20y", (("a", "1"), ("b", "x y"))),
        ({"Tenant": "1"}, (("tenant", "1"),)),
        ({"Key-Bin": b"\xff"}, (("key-bin", b"\xff"),)),
        ("key-bin=%2Fw%3D%3D", (("key-bin", b"\xff"),)),
        ({"key-bin": "/w"}, (("key-bin", b"\xff"),)),
    ],
)
def test_headers_become_metadata(value, expected):
    """With names in lower case, and bytes where the name says so."""
    assert expected == checked_metadata("headers", value)


@given(st.binary())
def test_bytes_come_through_base64(data):
    """With the padding, and without it."""
    text = base64.b64encode(data).decode()
    for each in (text, text.rstrip("=")):
        assert (("x-bin", data),) == checked_metadata("headers", {"x-bin": each})


@pytest.mark.parametrize(
    "value",
    [
        {"a b": "secret"},
        {"a!": "secret"},
        {"a": "secret\n"},
        {"a": "sécret secret"},
        {"a": b"secret"},
        {"a-bin": "secret!"},
        {"a-bin": "secre"},
        "secret",
    ],
)
def test_what_can_be_in_no_call_is_refused_without_telling_it(value):
    """It may be a secret."""
    with pytest.raises(ConfigurationError) as caught:
        checked_metadata("headers", value)
    assert (True, False) == ("headers=" in str(caught.value), "secret" in str(caught.value))


@pytest.mark.parametrize(
    ("address", "is_secure", "expected"),
    [
        ("collector.example.org:4317", False, ["authorization"]),
        ("collector.example.org:4317", True, []),
        ("localhost:4317", False, []),
        ("127.0.0.1:4317", False, []),
        ("[::1]:4317", False, []),
        ("dns:///collector.example.org:4317", False, ["authorization"]),
        ("unix:/run/c.sock", False, []),
    ],
)
def test_credentials_that_leave_the_machine_in_clear_are_found(address, is_secure, expected):
    """Those for this machine are nobody else's business."""
    metadata = (("authorization", "Bearer x"), ("tenant", "1"))
    assert expected == credentials_in_clear(Target(address, is_secure, metadata))
