"""Requirements are read as pip reads them: `packaging`, which pip uses, is asked as well."""

from __future__ import annotations

import os
import sys

from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from midspan.cli._requirements import read_requirements

signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
quoted = st.sampled_from(["'{}'", '"{}"'])
variables = st.sampled_from(["python_version", "python_full_version"])
numbers = st.sampled_from(["3", "3.9", "3.10", "3.11", "3.13", "4"])
versions = st.builds(
    lambda name, sign, number, quote: f"{name} {sign} {quote.format(number)}",
    variables,
    signs,
    numbers,
    quoted,
)
texts = st.builds(
    lambda name, sign, text, quote: f"{name}{sign}{quote.format(text)}",
    st.sampled_from(["sys_platform", "os_name"]),
    st.sampled_from(["==", "!=", " in ", " not in "]),
    st.sampled_from([sys.platform, os.name, "x"]),
    quoted,
)
extras = st.builds(
    "extra {} '{}'".format, st.sampled_from(["==", "!="]), st.sampled_from(["a-b", "A_b", "c"])
)
markers = st.recursive(
    versions | texts | extras,
    lambda inner: (
        st.builds("{} and {}".format, inner, inner)
        | st.builds("{} or {}".format, inner, inner)
        | st.builds("({})".format, inner)
    ),
    max_leaves=8,
)


@given(markers, st.sampled_from(["", "a.b", "c"]))
def test_a_marker_holds_where_it_does_for_pip(marker, extra):
    """However it is put together."""
    expected = Marker(marker).evaluate({"extra": extra})
    assert expected is bool(list(read_requirements([f"ink; {marker}"], extra)))


@given(st.text())
def test_any_text_is_read_or_left_out(line):
    """Nothing in a distribution's metadata makes the reading fail."""
    assert len(list(read_requirements([line, f"ink; {line}"]))) <= 2
