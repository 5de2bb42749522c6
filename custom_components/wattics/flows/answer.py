"""What Wattics says of a stream before it is stored, for whoever looks at its last page."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from ..delivery.packet import Packet
from ..sampling.stream import Stream
from ..status import instant_of
from .credentials import StreamAnswer, async_ask_for_stream
from .words import Words, warning

_AS_USUAL: Final = frozenset({StreamAnswer.LAST_PACKET, StreamAnswer.NO_PACKET_KNOWN})
_LATELY: Final = timedelta(minutes=10)
"""A packet that is hardly older than the interval was sent by somebody who still sends."""


async def async_answer(
    hass: HomeAssistant,
    entry: ConfigEntry,
    stream: Stream,
    zone: tzinfo,
    words: Words,
    now: datetime,
) -> str:
    """Return what Wattics says of a stream and its last packet, whose time is told in `zone`."""
    answer, packet = await async_ask_for_stream(hass, entry.data, stream.stream_id)
    time = packet.instant.astimezone(zone).isoformat(sep=" ", timespec="seconds") if packet else ""
    said = words[f"wattics_{answer}"].format(time=time)
    if packet is not None and packet.instant > now:
        return warning(f"{said} {words['newer_than_now']}")
    if packet is not None and _is_fed_already(entry, stream, packet, now):
        return warning(f"{said} {words['fed_already']}")
    return said if answer in _AS_USUAL else warning(said)


def _is_fed_already(entry: ConfigEntry, stream: Stream, packet: Packet, now: datetime) -> bool:
    """Return whether somebody else must have sent a stream's last packet."""
    if any(other.unique_id == stream.stream_id for other in entry.subentries.values()):
        newest = _newest_of_ours(entry, stream)
        return newest is not None and packet.instant > newest
    return now - packet.instant < 2 * timedelta(seconds=stream.interval) + _LATELY


def _newest_of_ours(entry: ConfigEntry, stream: Stream) -> datetime | None:
    """Return the instant of the newest packet that was made for a stream here, None where that is not known."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    record = entry.runtime_data.outbox.streams.get(stream.stream_id)
    return None if record is None or record.newest is None else instant_of(record.newest)
