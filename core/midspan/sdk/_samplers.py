"""Find samplers by name, as `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from midspan.sdk import sampling
from midspan.sdk._environment import ConfigurationError, Environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from midspan.sdk.sampling import Sampler

__all__ = ["Surroundings", "make_sampler", "sampler_of"]


class Surroundings(NamedTuple):
    """What a sampler may need to know that is made from a name."""

    # A function: legacy start-up code may name the service later.
    service_name: Callable[[], str]
    clock_s: Callable[[], float]
    environment: Environment


def sampler_of(sampler: Sampler | str | None, about: Surroundings) -> Sampler:
    """Return the sampler that was asked for; by default `parentbased_always_on`.

    Raises:
        ConfigurationError: It is neither a function nor a name, or its argument does not suit it.
    """
    if sampler is None:
        return _sampler_of_variables(about)
    if isinstance(sampler, str):
        name, _, argument = sampler.partition(":")
        return make_sampler(name, argument or None, f"sampler={sampler!r}", about)
    if not callable(sampler):
        message = f"sampler={sampler!r} is neither a name nor a function from a request to a result"
        raise ConfigurationError(message)
    return sampler


def _sampler_of_variables(about: Surroundings) -> Sampler:
    name = about.environment.text("OTEL_TRACES_SAMPLER")
    if name is None:
        return sampling.ParentBased(sampling.always_on)
    argument = about.environment.text("OTEL_TRACES_SAMPLER_ARG")
    with_argument = "" if argument is None else f" with OTEL_TRACES_SAMPLER_ARG={argument!r}"
    return make_sampler(name, argument, f"OTEL_TRACES_SAMPLER={name!r}{with_argument}", about)


def make_sampler(name: str, argument: str | None, where: str, about: Surroundings) -> Sampler:
    """Make a sampler from its name and argument; `where` says in an error who asked for it.

    Raises:
        ConfigurationError: There is no such sampler, or the argument does not suit it.
    """
    wanted = name.strip().lower()
    bare = wanted.removeprefix("parentbased_")
    make = _SAMPLERS.get(bare)
    if make is None:
        allowed = ", ".join([*_SAMPLERS, *(f"parentbased_{known}" for known in _SAMPLERS)])
        message = f"{where} is not valid: allowed is one of {allowed}"
        raise ConfigurationError(message)
    try:
        root = make(argument, about)
    except ConfigurationError:
        raise
    except ValueError as error:
        message = f"{where} is not valid: {error}"
        raise ConfigurationError(message) from None
    return root if bare == wanted else sampling.ParentBased(root)


def _ratio(argument: str | None, about: Surroundings) -> Sampler:  # noqa: ARG001 - the shape of all of them
    return sampling.TraceIdRatio(_number(argument, "a ratio from 0.0 to 1.0", default=1.0))


def _rate(argument: str | None, about: Surroundings) -> Sampler:
    return sampling.RateLimiting(_number(argument, "a number of spans a second"), clock_s=about.clock_s)


def _jaeger_const(argument: str | None, about: Surroundings) -> Any:  # noqa: ANN401, ARG001 - a Sampler, imported late
    from midspan.sdk._jaeger_strategies import const  # noqa: PLC0415 - for who comes from jaeger-client

    words = {"1": True, "true": True, "0": False, "false": False}
    word = (argument or "").lower()
    if word not in words:
        message = "allowed is 0 or 1, as in jaeger_const:1"
        raise ValueError(message)
    return const(words[word])


def _jaeger_probabilistic(argument: str | None, about: Surroundings) -> Any:  # noqa: ANN401, ARG001 - as above
    from midspan.sdk._jaeger_strategies import probabilistic  # noqa: PLC0415 - as above

    return probabilistic(_number(argument, "a ratio from 0.0 to 1.0"))


def _jaeger_rate(argument: str | None, about: Surroundings) -> Any:  # noqa: ANN401 - as above
    from midspan.sdk._jaeger_strategies import rate_limiting  # noqa: PLC0415 - as above

    return rate_limiting(_number(argument, "a number of traces a second"), about.clock_s)


def _jaeger_remote(argument: str | None, about: Surroundings) -> Any:  # noqa: ANN401 - as above
    from midspan.sdk._jaeger_arguments import jaeger_remote  # noqa: PLC0415 - brings an HTTP client

    return jaeger_remote(argument, about)


def _number(argument: str | None, allowed: str, *, default: float | None = None) -> float:
    if argument is None and default is not None:
        return default
    try:
        return float(argument or "")
    except ValueError:
        message = f"allowed is {allowed}, after a colon or in OTEL_TRACES_SAMPLER_ARG"
        raise ValueError(message) from None


# The names with "jaeger" make samplers whose root spans say which of them chose the trace, as Jaeger's do.
_SAMPLERS: Final[dict[str, Callable[[str | None, Surroundings], Sampler]]] = {
    "always_on": lambda _, __: sampling.always_on,
    "always_off": lambda _, __: sampling.always_off,
    "traceidratio": _ratio,
    "ratelimiting": _rate,
    "jaeger_const": _jaeger_const,
    "jaeger_probabilistic": _jaeger_probabilistic,
    "jaeger_ratelimiting": _jaeger_rate,
    "jaeger_remote": _jaeger_remote,
}
