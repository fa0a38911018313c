"""Options and variables say how calls are recorded; what cannot be is refused where it is written."""

from __future__ import annotations

import pytest

from midspan._environment import ConfigurationError, Environment
from midspan.integrations._rpc import ServerPolicy, Status, read_method, rpc_settings

EMPTY = Environment({})
CHECK = read_method("/grpc.health.v1.Health/Check")


def test_without_options_everything_is_recorded():
    """By the stable names, in the caller's trace."""
    settings = rpc_settings("grpc", {}, EMPTY)
    assert (False, "stable", "continue") == (bool(settings.excluded), settings.semconv, settings.inbound)


@pytest.mark.parametrize("given", [["Health/"], "Health/,Cart/", ["^grpc\\.health"]])
def test_methods_can_be_left_out(given):
    """By regular expressions, in a list or separated by commas."""
    policy = ServerPolicy("t", "grpc", rpc_settings("grpc", {"excluded_methods": given}, EMPTY))
    assert (True, False) == (policy.excludes(CHECK), policy.excludes(read_method("/shop.Other/Add")))


def test_opentelemetrys_variable_leaves_out_whole_services():
    """It lists their names, not patterns."""
    environment = Environment({"OTEL_PYTHON_GRPC_EXCLUDED_SERVICES": "grpc.health.v1.Health,shop.Cart"})
    excluded = rpc_settings("grpc", {}, environment).excluded
    assert (True, False) == (CHECK.full in excluded, "shop.Cart2/Add" in excluded)


@pytest.mark.parametrize(
    "options", [{"excluded_urls": ["x"]}, {"excluded_methods": ["("]}, {"semconv": "new"}, {"inbound": "no"}]
)
def test_what_is_not_valid_is_refused(options):
    """With what would be."""
    with pytest.raises(ConfigurationError):
        rpc_settings("grpc", options, EMPTY)


def test_both_names_at_once_while_dashboards_change():
    """Where one name has two meanings, it has the newer."""
    policy = ServerPolicy("t", "grpc", rpc_settings("grpc", {"semconv": "both"}, EMPTY))
    assert {
        "rpc.system": "grpc",
        "rpc.system.name": "grpc",
        "rpc.service": "grpc.health.v1.Health",
        "rpc.method": "grpc.health.v1.Health/Check",
    } == policy.attributes(CHECK)
    ended = policy.end(Status("OK", 0))
    assert {"rpc.response.status_code": "OK", "rpc.grpc.status_code": 0} == ended
