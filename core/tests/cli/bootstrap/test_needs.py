"""What is wanted, and what there is of it: libraries, legacy APIs, exporters."""

from __future__ import annotations

import re
import sys
from importlib import metadata

import pytest

needs_toml = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML from 3.11 on")


def written(*extras):
    """Return the line that is to be written down."""
    inner = f"[{','.join(extras)}]" if extras else ""
    return f"midspan{inner}=={metadata.version('midspan')}"


def test_a_library_that_is_known_is_well(site, bootstrap):
    """It is named with its version, and its extra is written down."""
    site.install("Flask", "2.3.3")
    run = bootstrap()
    assert (0, True) == (run.code, "✓ flask Flask 2.3.3" in run.lines)
    assert {written("flask"), "✓ nothing is lacking"} <= set(run.lines)


def test_a_library_that_is_too_old_is_told_with_what_is_needed(site, bootstrap):
    """Its extra is not written down: to install that would replace what the application has."""
    site.install("Flask", "1.1.4")
    site.install("redis", "4.5.5")
    run = bootstrap()
    assert (1, True) == (run.code, "✗ flask Flask 1.1.4 is here, flask>=2 is needed" in run.lines)
    assert {written("redis"), "→ or without: --no flask"} <= set(run.lines)
    assert re.search(r"→ \S+ .*pip install .*'flask>=2'$", run.out, re.MULTILINE)


def test_a_library_that_is_not_there_is_not_spoken_of(site, bootstrap):
    """Where there is none at all, that is said: perhaps it is the wrong environment."""
    run = bootstrap()
    assert (0, False) == (run.code, "flask" in run.out)
    assert "none: no library that midspan instruments is installed here" in run.lines


def test_a_library_that_goes_by_another_name_stays(site, bootstrap):
    """psycopg2 has two distributions, and the extra would lay the one over the other."""
    site.install("psycopg2", "2.9.9")
    site.write("psycopg2-2.9.9.dist-info/top_level.txt", "psycopg2\n")
    site.write("psycopg2.py", "")
    run = bootstrap()
    assert {"✓ psycopg2 psycopg2 2.9.9", written()} <= set(run.lines)


def test_a_library_that_goes_by_another_name_can_be_too_old(site, bootstrap):
    """Its version is judged all the same, and it would be upgraded by the name that it has."""
    site.install("psycopg2", "2.8.6")
    site.write("psycopg2-2.8.6.dist-info/top_level.txt", "psycopg2\n")
    site.write("psycopg2.py", "")
    run = bootstrap()
    assert "✗ psycopg2 psycopg2 2.8.6 is here, psycopg2>=2.9.2 is needed" in run.lines
    assert ("'psycopg2>=2.9.2'" in run.out, "psycopg2-binary" in run.out) == (True, False)


def test_a_library_without_metadata_is_taken_as_it_is(site, bootstrap):
    """It is vendored, and nobody knows its version."""
    site.write("redis.py", "")
    run = bootstrap()
    assert {"✓ redis redis, of no known version", written()} <= set(run.lines)


def test_a_legacy_api_is_told_with_those_who_use_it(site, bootstrap):
    """They are found by what they require, not by a list of them."""
    site.install("opentracing", "2.4.0")
    site.install("jaeger-client", "4.8.0", "opentracing<3.0,>=2.1", "tornado<6; extra == 'tests'")
    site.install("house-tracing", "1.0", "Opentracing", "flask; python_version < '3'")
    run = bootstrap()
    expected = "✓ opentracing opentracing 2.4.0 (used by house-tracing 1.0, jaeger-client 4.8.0)"
    assert (0, True) == (run.code, expected in run.lines)
    assert written("opentracing") in run.lines


def test_an_extension_without_its_api_lacks_it(site, bootstrap):
    """Somebody has installed it without what it needs."""
    site.install("opencensus-ext-flask", "0.8.2", "opencensus<1.0.0,>=0.13")
    run = bootstrap()
    expected = "✗ opencensus opencensus>=0.11 is not installed (used by opencensus-ext-flask 0.8.2)"
    assert (1, True) == (run.code, expected in run.lines)


def test_without_legacy_code_there_is_no_word_of_bridges(bootstrap):
    """Who has none need not know what they are."""
    assert "bridges" not in bootstrap().out


def test_an_exporter_that_is_configured_lacks_its_library(bootstrap, monkeypatch):
    """It is told with the variable that asks for it, and with what to do."""
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    run = bootstrap("--no", "flask")
    expected = "✗ prometheus prometheus-client>=0.16 is not installed (OTEL_METRICS_EXPORTER)"
    assert (1, True) == (run.code, expected in run.lines)
    remedy = "→ midspan bootstrap --no flask --install"
    assert {written("prometheus"), "✗ 1 library is not installed", remedy} <= set(run.lines)


def test_an_exporter_without_a_library_needs_none(bootstrap, monkeypatch):
    """It has no extra."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "jsonl")
    run = bootstrap()
    assert "✓ jsonl needs no library (OTEL_TRACES_EXPORTER)" in run.lines
    assert written() in run.lines


def test_otlp_over_grpc_needs_another_extra(site, bootstrap, monkeypatch):
    """The exporter itself says which, since it knows what the protocol is of which signal."""
    site.install("grpcio", "1.60.0")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    run = bootstrap()
    assert "✓ otlp grpcio 1.60.0 (OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_TRACES_EXPORTER)" in run.lines
    assert written("grpc") in run.lines


def test_without_a_variable_it_is_the_default_exporter(bootstrap, monkeypatch):
    """As for `configure()`."""
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    assert any("(by default)" in line for line in bootstrap().lines if "otlp" in line)


@needs_toml
def test_what_the_file_says_counts(bootstrap, tmp_path):
    """As it does for `midspan run`: its variables where there are none, and what is to stay off."""
    (tmp_path / "work" / "midspan.toml").write_text(
        '[environment]\nOTEL_TRACES_EXPORTER = "jaeger"\nOTEL_EXPORTER_JAEGER_USER = "u"\n'
    )
    assert "jaeger" not in bootstrap().out


@needs_toml
def test_a_file_can_be_named(bootstrap, monkeypatch, tmp_path):
    """One that is elsewhere."""
    monkeypatch.delenv("OTEL_METRICS_EXPORTER")
    (tmp_path / "shop.toml").write_text('[environment]\nOTEL_METRICS_EXPORTER = "prometheus"\n')
    assert "prometheus" in bootstrap("--file", str(tmp_path / "shop.toml")).out


def test_what_stays_off_need_not_be_well(site, bootstrap):
    """Nor is it written down."""
    site.install("Flask", "1.1.4")
    site.install("opentracing", "1.3.0")
    run = bootstrap("--no", "flask,opentracing")
    assert (0, True) == (run.code, "· flask off: --no flask" in run.lines)
    assert written() in run.lines


def test_what_another_distribution_brings_is_treated_alike(site, bootstrap, monkeypatch):
    """Its extras are its own, and so is its line of what to write down."""
    site.install("quills", "3.1", "ink>=2; extra == 'quill'", extras=("quill",))
    site.write("quills-3.1.dist-info/entry_points.txt", "[midspan.exporters]\nquill = quills:Quill\n")
    site.write("quills.py", "import ink\n")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "quill")
    run = bootstrap()
    assert (1, True) == (run.code, "✗ quill ink>=2 is not installed (OTEL_TRACES_EXPORTER)" in run.lines)
    assert {written(), "quills[quill]==3.1"} <= set(run.lines)


@pytest.mark.parametrize("group", ["exporters", "integrations"])
def test_a_broken_plug_in_is_told_with_its_reason(site, bootstrap, monkeypatch, group):
    """If what it is for is here, or it is configured."""
    site.install("quills", "3.1", "ink>=2; extra == 'quill'", extras=("quill",))
    site.write("quills-3.1.dist-info/entry_points.txt", f"[midspan.{group}]\nquill = bent_quills:Quill\n")
    site.write("bent_quills.py", "raise OSError('libink.so: not found')\n")
    site.install("ink", "2.5")
    if group == "exporters":
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "quill")
    run = bootstrap()
    assert (1, True) == (run.code, "broken: OSError: libink.so: not found" in run.out)


def test_a_folder_that_is_no_distribution_does_no_harm(site, bootstrap):
    """Somebody has removed half of it."""
    site.write("gone-1.0.dist-info/RECORD", "")
    site.write("nameless-1.0.dist-info/METADATA", "Metadata-Version: 2.1\n")
    assert 0 == bootstrap().code
