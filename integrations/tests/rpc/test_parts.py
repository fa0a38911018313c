"""The small parts of recording calls: names of methods, and where channels lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midspan.integrations._rpc import Method, Peer, read_method, read_target


@pytest.mark.parametrize("path", ["/shop.v1.Cart/Add", b"/shop.v1.Cart/Add", "shop.v1.Cart/Add"])
def test_a_path_is_a_service_and_a_method(path):
    """However the library writes it."""
    assert Method("shop.v1.Cart/Add", "shop.v1.Cart", "Add") == read_method(path)


@pytest.mark.parametrize(
    ("target", "peer"),
    [
        ("shop:443", Peer("shop", 443)),
        ("shop", Peer("shop", None)),
        ("dns:///shop:443", Peer("shop", 443)),
        ("dns://8.8.8.8/shop:443", Peer("shop", 443)),
        ("ipv4:10.0.0.1:50,10.0.0.2:50", Peer("10.0.0.1", 50)),
        ("ipv6:[::1]:50", Peer("::1", 50)),
        ("ipv6:%5B::1%5D:50", Peer("::1", 50)),
        ("[::1]:50", Peer("::1", 50)),
        ("::1", Peer("::1", None)),
        ("unix:/tmp/shop.sock", Peer("/tmp/shop.sock", None)),
        ("unix:///tmp/shop.sock", Peer("/tmp/shop.sock", None)),
        ("unix:", Peer(None, None)),
        ("xds:///cart", Peer("cart", None)),
        ("shop:http", Peer("shop", None)),
        ("", Peer(None, None)),
    ],
)
def test_a_target_is_an_address_and_a_port(target, peer):
    """Of all the ways in which gRPC writes it."""
    assert peer == read_target(target)


@given(st.text(max_size=40))
def test_any_text_is_some_target(text):
    """What is no target has no port that could not be one."""
    port = read_target(text).port
    assert port is None or 0 <= port < 100_000
