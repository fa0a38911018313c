from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from exporters.tests._expected import expected_span
from exporters.tests._oracle import decode, decode_one, shown_pairs, shown_span
from midspan import sdk, trace
from midspan.exporters.otlp import encode_spans
from midspan.exporters.otlp._spans import Encoder
from midspan.resource import Resource


def test_no_spans_are_an_empty_request():
    """An empty batch is what protobuf makes of an empty request: nothing."""
    assert b"" == encode_spans([])


def test_spans_are_grouped_by_resource_and_scope(memory):
    """Spans of two scopes and one resource stand in two groups under that resource."""
    for scope in ("a", "b", "a"):
        trace.get_tracer(scope).start_span(f"of {scope}").end()
    decoded = decode(encode_spans(memory.spans))
    assert [("a", "of a"), ("a", "of a"), ("b", "of b")] == [
        (each.scope.name, each.span.name) for each in decoded
    ]
    assert 1 == len({each.resource.SerializeToString() for each in decoded})


def test_scopes_that_differ_only_in_their_attributes_are_kept_apart(memory):
    """1 and True are equal to Python, and nevertheless two scopes."""
    scopes = [trace.InstrumentationScope("a", attributes=(("k", value),)) for value in (1, True)]
    spans = [SimpleNamespace(**_public(memory, "x"), scope=scope) for scope in scopes]
    decoded = decode(encode_spans(spans))
    assert [[("k", ("int", "1"))], [("k", ("bool", "True"))]] == [
        shown_pairs(each.scope.attributes) for each in decoded
    ]


def _public(memory, name):
    """Return what an object needs that is no span of ours and looks like one."""
    span = trace.get_tracer("like").start_span(name, attributes={"n": 1})
    span.end()
    names = "name context parent kind start_ns end_ns attributes events links status resource"
    return {name: getattr(span, name) for name in names.split()}


def test_what_only_looks_like_a_span_is_encoded(memory, troubles):
    """An object with a span's public attributes is as good as one, counts of what was dropped or not."""
    fields = _public(memory, "x")
    like = SimpleNamespace(**fields, scope=trace.InstrumentationScope("s"))
    shown = shown_span(decode_one(encode_spans([like])))
    assert ({}, "x", [("n", ("int", "1"))]) == (troubles(), shown["name"], shown["attributes"])


def test_the_service_name_is_told(make_span):
    """The pipeline's resource arrives."""
    (decoded,) = decode(encode_spans([make_span()]))
    assert ("service.name", ("str", "'shop'")) in shown_pairs(decoded.resource.attributes)


def test_a_new_resource_is_not_mistaken_for_an_earlier_one(make_span):
    """Each of many resources, made and forgotten in turn, arrives as it is."""
    encoder = Encoder()
    fields = _public(None, "x")
    for number in range(300):
        fields["resource"] = Resource({"n": number})
        (decoded,) = decode(encoder.encode([SimpleNamespace(**fields, scope=None)]))
        assert [("n", ("int", str(number)))] == shown_pairs(decoded.resource.attributes)


def test_parents_from_elsewhere_are_marked(make_span):
    """The flags say whether the parent is remote, as they say that this is known."""
    remote = trace.SpanContext(1, 2, trace.TraceFlags.SAMPLED, is_remote=True)
    here = trace.SpanContext(1, 2, trace.TraceFlags.SAMPLED)
    flags = [decode_one(encode_spans([make_span(parent=parent)])).flags for parent in (None, here, remote)]
    assert [0x103, 0x101, 0x301] == flags


def test_nothing_but_the_flags_of_the_w3c_is_told(make_span):
    """What midspan keeps beside them, such as a debug flag, does not leave."""
    debugged = trace.SpanContext(1, 2, trace.TraceFlags.SAMPLED, is_remote=True, is_debug=True)
    assert 0x301 == decode_one(encode_spans([make_span(parent=debugged)])).flags


def test_dropped_counts_arrive(memory):
    """What did not fit a span is told with it."""
    sdk.configure(
        exporters=[memory], limits=trace.SpanLimits(attributes=1, events=2, links=0), environment={}
    )
    span = trace.get_tracer("x").start_span("x", attributes={"a": 1, "b": 2, "c": 3})
    for _ in range(5):
        span.add_event("e")
    span.add_link(span.context)
    span.end()
    assert [2, 3, 1] == shown_span(decode_one(encode_spans([span])))["dropped"]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 127, 128, 129, 2047, 2048, 16_383, 16_384, 70_000])
def test_texts_of_every_length_arrive(make_span, size):
    """Where a length takes one more byte on the wire, nothing breaks."""
    span = make_span("n" * size, attributes={"k": "v" * size, "l" * (size + 1): size})
    limited = [("k", ("str", repr("v" * min(size, 65_536)))), ("l" * (size + 1), ("int", str(size)))]
    shown = shown_span(decode_one(encode_spans([span])))
    assert ("n" * size, limited) == (shown["name"], shown["attributes"])


def test_what_is_remembered_does_not_grow(make_span):
    """Ever new keys, values and names leave an encoder with no more than its bounds."""
    encoder = Encoder()
    writer = encoder._write.__self__
    pairs = writer._span_pairs.__self__
    for number in range(3000):
        values = {f"k{number}": f"v{number}", "new": f"v{number}", **{f"s{n}": number for n in range(4)}}
        encoder.encode([make_span(f"n{number}", attributes=values)])
    kept = sum(len(key.pairs) for key in pairs._keys.values())
    assert len(pairs._keys) <= 512
    assert kept <= 4096
    assert all(len(key.pairs) <= 64 and len(key.text_heads) <= 128 for key in pairs._keys.values())
    assert len(writer._names) <= 1024


def test_the_hundredth_value_of_a_key_is_as_right_as_the_first(make_span):
    """Values that came too late to be remembered, and those of other types, are written as well."""
    spans = [
        make_span(attributes={"k": value}) for n in range(200) for value in (n, f"{n}", float(n), n % 2 == 0)
    ]
    for _ in range(2):
        assert [expected_span(span) for span in spans] == [
            shown_span(each.span) for each in decode(encode_spans(spans))
        ]


def test_threads_share_an_encoder(make_span):
    """Several threads that encode at once each get their own spans, whole."""
    encoder = Encoder()
    batches = [
        [make_span(f"{t}-{n}", attributes={f"k{n}": t, "t": f"{t}"}) for n in range(300)] for t in range(4)
    ]
    payloads: dict[int, list[bytes]] = {t: [] for t in range(4)}

    def encode(t: int) -> None:
        payloads[t] = [encoder.encode(batches[t]) for _ in range(20)]

    threads = [threading.Thread(target=encode, args=(t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for t, batch in enumerate(batches):
        expected = [expected_span(span) for span in batch]
        assert {True} == {expected == [shown_span(each.span) for each in decode(p)] for p in set(payloads[t])}


def test_importing_the_encoder_does_not_import_what_sends():
    """Who only encodes needs no network, and pays for none."""
    import subprocess
    import sys

    # Not `socket`: what measures the coverage of this very process brings that along.
    code = (
        "import sys; from midspan.exporters.otlp import encode_spans\n"
        "print('midspan.exporters._http._opening' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "False\n" == ran.stdout
