"""What exporters over HTTP share: checks of settings, a network with deadlines, what answers mean."""

from __future__ import annotations

from midspan.exporters._http._exchange import (
    Answer,
    Endpoint,
    NotSentError,
    Request,
    Transport,
    outcome_of_failure,
    outcome_of_silence,
)
from midspan.exporters._http._given import (
    checked_choice,
    checked_file,
    checked_headers,
    checked_timeout_s,
    checked_url,
    refused,
    without_credentials,
)
from midspan.exporters._http._open import http_transport
from midspan.exporters._http._shown import secrets_in_clear, shown

__all__ = [
    "Answer",
    "Endpoint",
    "NotSentError",
    "Request",
    "Transport",
    "checked_choice",
    "checked_file",
    "checked_headers",
    "checked_timeout_s",
    "checked_url",
    "http_transport",
    "outcome_of_failure",
    "outcome_of_silence",
    "refused",
    "secrets_in_clear",
    "shown",
    "without_credentials",
]
