"""Packets to deliver."""

from datetime import UTC, datetime, timedelta

from custom_components.wattics.delivery.packet import Packet

from .clocks import START

FIRST = datetime.fromtimestamp(START, UTC)
FIRST_MILLISECONDS = int(START) * 1000
INTERVAL = timedelta(minutes=5)
STEP = 300_000
"""The interval in the outbox's milliseconds."""


def packet(stream_id: str = "meter", number: int = 0) -> Packet:
    """Return a stream's packet of the n-th interval, with the number as its value."""
    return Packet(stream_id, FIRST + number * INTERVAL, {"aP_1": number})


def packets(stream_id: str, numbers: range) -> list[Packet]:
    """Return the packets of consecutive intervals."""
    return [packet(stream_id, number) for number in numbers]
