"""What Wattics takes as a packet, checked strictly and on its own account.

Source: the vendor's integration page (key table, one line, timestamp form).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import json
from math import inf, isfinite
import re
from typing import NoReturn

CODES = (
    *("aP_1", "aP_2", "aP_3"),
    *("rP_1", "rP_2", "rP_3"),
    *("apP_1", "apP_2", "apP_3"),
    *("v_1", "v_2", "v_3"),
    *("c_1", "c_2", "c_3"),
    *("pC_1", "pC_2", "pC_3"),
    *("v_12", "v_13", "v_23"),
)
VALUE = "value"

_ID = "id"
_TIMESTAMP = "tsISO8601"
_KEYS = frozenset((_ID, _TIMESTAMP, VALUE, *CODES))
_TIMESTAMP_FORM = "yyyy-mm-ddThh:mm:ss.sss±hh:mm"
# `fromisoformat` also takes 24:00, other precisions and "Z"; the vendor's form has none of them.
_TIMESTAMP_PATTERN = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}[+-]\d\d:[0-5]\d", re.ASCII
)
_LARGEST_OFFSET = timedelta(hours=14)


class PacketError(ValueError):
    """A body is no packet; the message says precisely why."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A valid packet: its stream, its instant (aware, with the packet's own offset) and its values by code."""

    stream_id: str
    instant: datetime
    values: Mapping[str, int | float]


def parse_packet(body: bytes) -> Packet:
    """Return the packet in a request's body; raise PacketError with the first thing that is wrong."""
    members = _members(_line(body))
    for key in (_ID, _TIMESTAMP):
        if key not in members:
            raise PacketError(f"{key} is missing")
    for key in members:
        if key not in _KEYS:
            raise PacketError(f"unknown key {_shown(key)}")
    return Packet(_stream_id(members[_ID]), _instant(members[_TIMESTAMP]), _values(members))


def find_stream_id(body: bytes) -> str | None:
    """Return the stream that a body names, valid packet or not; None when it names none."""
    try:
        members = json.loads(body)
    except ValueError, RecursionError:
        return None
    stream_id = members.get(_ID) if isinstance(members, dict) else None
    return stream_id if isinstance(stream_id, str) else None


def _line(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise PacketError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    if "\n" in text or "\r" in text:
        raise PacketError("not one line: there is a line break")
    return text


def _members(line: str) -> dict[str, object]:
    try:
        members = json.loads(
            line,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        raise PacketError(f"not JSON: {error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise PacketError("not a packet: nested too deeply") from error
    if not isinstance(members, dict):
        raise PacketError(f"not an object: {_shown(members)}")
    return members


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for key, value in pairs:
        if key in members:
            raise PacketError(f"duplicate key {_shown(key)}")
        members[key] = value
    return members


def _refuse_constant(literal: str) -> NoReturn:
    raise PacketError(f"not JSON: {literal} is no number there")


def _integer(literal: str) -> int | float:
    # Python refuses to read integers of thousands of digits; they are no measurement either.
    return int(literal) if isfinite(float(literal)) else inf


def _stream_id(value: object) -> str:
    if not isinstance(value, str):
        raise PacketError(f"{_ID}: {_shown(value)} is no string")
    if not value:
        raise PacketError(f"{_ID} is empty")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise PacketError(f"{_ID}: {_shown(value)} holds half a character (a lone surrogate)") from error
    return value


def _instant(value: object) -> datetime:
    if not isinstance(value, str):
        raise PacketError(f"{_TIMESTAMP}: {_shown(value)} is no string")
    if not _TIMESTAMP_PATTERN.fullmatch(value):
        raise PacketError(f"{_TIMESTAMP}: {_shown(value)} is not of the form {_TIMESTAMP_FORM}")
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise PacketError(f"{_TIMESTAMP}: {_shown(value)} is no real date") from error
    offset = instant.utcoffset()
    if offset is None or abs(offset) > _LARGEST_OFFSET:
        raise PacketError(f"{_TIMESTAMP}: {_shown(value)} is more than 14 hours from UTC")
    return instant


def _values(members: Mapping[str, object]) -> dict[str, int | float]:
    values = {key: _number(key, value) for key, value in members.items() if key not in (_ID, _TIMESTAMP)}
    if not values:
        raise PacketError("no parameter at all")
    if VALUE in values and len(values) > 1:
        raise PacketError(f"{VALUE} beside electricity codes")
    return values


def _number(key: str, value: object) -> int | float:
    # A bool is an int to Python, not to JSON.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PacketError(f"{key}: {_shown(value)} is no number")
    if not isfinite(value):
        raise PacketError(f"{key}: the number is too large")
    return value


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
