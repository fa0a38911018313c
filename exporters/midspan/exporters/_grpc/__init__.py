"""What exporters over gRPC share: checks of settings, a channel with deadlines, what answers mean."""

from __future__ import annotations

from midspan.exporters._grpc._exchange import Channel, Reply, Target
from midspan.exporters._grpc._given import Address, checked_address, checked_metadata, credentials_in_clear
from midspan.exporters._grpc._open import grpc_channel
from midspan.exporters._grpc._outcome import outcome_of_failure

__all__ = [
    "Address",
    "Channel",
    "Reply",
    "Target",
    "checked_address",
    "checked_metadata",
    "credentials_in_clear",
    "grpc_channel",
    "outcome_of_failure",
]
