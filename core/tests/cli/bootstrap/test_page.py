"""The documentation shows what the command prints."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[4] / "docs" / "bootstrap.md"


def told(report):
    """Return the lines of a report that are the same on every machine, and with every version of midspan."""
    lines = report.strip().splitlines()[1:]
    return [line.partition("==")[0] for line in lines if "pip install" not in line]


def test_the_report_of_the_page_is_what_is_printed(site, bootstrap, monkeypatch):
    """For the service that is told of there."""
    site.install("Flask", "2.3.3")
    site.install("pymongo", "3.12.3")
    site.install("redis", "4.5.5")
    site.install("opentracing", "2.4.0")
    site.install("Flask-OpenTracing", "2.0.0", "Flask", "opentracing<3,>=2.0")
    site.install("prometheus_client", "0.26.0")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "kafka")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "prometheus")
    shown = PAGE.read_text(encoding="utf-8").partition("```text\n")[2].partition("```")[0]
    assert told(shown) == told(bootstrap().out)
