"""The packet as the vendor's page has it, byte by byte, and what may come back."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
import json
import math
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies
import pytest

from custom_components.wattics.delivery.packet import PARAMETERS, VALUE, Packet, Parameter, Quantity
from tests.collector import PacketError, parse_packet

NOON = datetime(2017, 12, 1, 12, tzinfo=UTC)

VENDORS_PAGE = """
"aP_1":xxx, => Active Power phase 1 in (W)
"aP_2":xxx, => Active Power phase 2 in (W)
"aP_3":xxx, => Active Power phase 3 in (W)
"rP_1":xxx, => Reactive Power phase 1 in (VA reactive)
"rP_2":xxx, => Reactive Power phase 2 in (VA reactive)
"rP_3":xxx, => Reactive Power phase 3 in (VA reactive)
"apP_1":xxx, => Apparent Power phase 1 in (VA)
"apP_2":xxx, => Apparent Power phase 2 in (VA)
"apP_3":xxx, => Apparent Power phase 3 in (VA)
"v_1":xxx, => Voltage phase 1 in (Volts)
"v_2":xxx, => Voltage phase 2 in (Volts)
"v_3":xxx, => Voltage phase 3 in (Volts)
"c_1":xxx, => Current phase 1 in (Ampere)
"c_2":xxx, => Current phase 2 in (Ampere)
"c_3":xxx, => Current phase 3 in (Ampere)
"pC_1":xxx, => Energy consumed since beginning in phase 1 in (Wh)
"pC_2":xxx, => Energy consumed since beginning in phase 2 in (Wh)
"pC_3":xxx, => Energy consumed since beginning in phase 3 in (Wh)
"v_12":xxx, => Phase-To-Phase Voltage between phase 1 and 2 in (Volts)
"v_13":xxx, => Phase-To-Phase Voltage between phase 1 and 3 in (Volts)
"v_23":xxx => Phase-To-Phase Voltage between phase 2 and 3 in (Volts)
"""
WORDS: Mapping[str, tuple[Quantity, str]] = {
    "Active Power": (Quantity.ACTIVE_POWER, "W"),
    "Reactive Power": (Quantity.REACTIVE_POWER, "var"),
    "Apparent Power": (Quantity.APPARENT_POWER, "VA"),
    "Voltage": (Quantity.VOLTAGE, "V"),
    "Current": (Quantity.CURRENT, "A"),
    "Energy consumed since beginning in": (Quantity.ENERGY, "Wh"),
    "Phase-To-Phase Voltage between": (Quantity.LINE_VOLTAGE, "V"),
}
UNITS = {"W": "W", "VA reactive": "var", "VA": "VA", "Volts": "V", "Ampere": "A", "Wh": "Wh"}


def test_parameters_are_the_vendors() -> None:
    lines = VENDORS_PAGE.strip().splitlines()
    assert len(lines) == 21
    assert list(PARAMETERS) == [line.split('"')[1] for line in lines]
    for line, parameter in zip(lines, PARAMETERS.values(), strict=True):
        words, _, unit = line.partition("=> ")[2].rpartition(" in (")
        quantity, expected_unit = WORDS[words.partition(" phase ")[0]]
        assert UNITS[unit.rstrip(")")] == expected_unit
        assert parameter == Parameter(line.split('"')[1], quantity, expected_unit)


def test_vendors_electricity_example() -> None:
    example = (
        '{"id":"yourMeterID","tsISO8601":"2017-12-01T12:00:00.000+00:00", "aP_1":123,"aP_2":123,"aP_3":123, '
        '"rP_1":123, "rP_2":123, "rP_3":123, "apP_1":123,"apP_2":123,"apP_3":123, "v_1":123,"v_2":123, '
        '"v_3":123, "c_1":123, "c_2":123,"c_3":123, "pC_1":123, "pC_2":123,"pC_3":123, "v_12":123, '
        '"v_13":123,"v_23":123}'
    )
    packet = Packet("yourMeterID", NOON, dict.fromkeys(PARAMETERS, 123.0))
    assert packet.encode() == example.replace(" ", "").encode()
    assert Packet.decode(example.encode()) == packet


def test_vendors_numeric_example() -> None:
    packet = Packet("yourMeterID", NOON, {VALUE: 123})
    assert packet.encode() == b'{"id":"yourMeterID","tsISO8601":"2017-12-01T12:00:00.000+00:00","value":123}'


@pytest.mark.parametrize(
    ("instant", "timestamp"),
    [
        (datetime(2026, 11, 23, 14, 5, tzinfo=UTC), "2026-11-23T14:05:00.000+00:00"),
        (
            datetime(2016, 2, 10, 21, 45, 31, 70_000, tzinfo=timezone(timedelta(hours=11))),
            "2016-02-10T21:45:31.070+11:00",
        ),
        (datetime(2026, 7, 1, 0, 0, tzinfo=ZoneInfo("Asia/Kolkata")), "2026-07-01T00:00:00.000+05:30"),
        (datetime(2026, 7, 1, 0, 0, tzinfo=ZoneInfo("Asia/Kathmandu")), "2026-07-01T00:00:00.000+05:45"),
        (datetime(2026, 7, 1, 0, 0, tzinfo=ZoneInfo("America/St_Johns")), "2026-07-01T00:00:00.000-02:30"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Rome")), "2026-10-25T02:30:00.000+02:00"),
        (datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Rome")), "2026-10-25T02:30:00.000+01:00"),
        (datetime(2026, 3, 29, 3, 0, tzinfo=ZoneInfo("Europe/Rome")), "2026-03-29T03:00:00.000+02:00"),
    ],
)
def test_timestamp(instant: datetime, timestamp: str) -> None:
    body = Packet("meter", instant, {"aP_1": 1}).encode()
    assert json.loads(body)["tsISO8601"] == timestamp
    # Not the instants themselves: in the repeated hour Python calls them unequal across zones.
    assert Packet.decode(body).instant.timestamp() == instant.timestamp()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0, "0"),
        (-0.0, "0"),
        (230.0, "230"),
        (-17.0, "-17"),
        (0.1, "0.1"),
        (-1234.5678, "-1234.5678"),
        (1e-06, "1e-6"),
        (123456789012.5, "123456789012.5"),
        (2.0**53 - 1, "9007199254740991"),
        (2.0**53, "9007199254740992.0"),
        (-(2.0**60), "-1.152921504606847e+18"),
        (1e300, "1e+300"),
        (2**63, "9223372036854775808"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    body = Packet("meter", NOON, {"aP_1": value}).encode()
    assert body.endswith(f'"aP_1":{text}}}'.encode())
    assert json.loads(body)["aP_1"] == value


def test_id_is_plain_json() -> None:
    stream_id = 'Zähler "1"\\\n\x00'
    body = Packet(stream_id, NOON, {"aP_1": 1}).encode()
    assert b"\n" not in body
    assert json.loads(body)["id"] == stream_id


@pytest.mark.parametrize(
    "packet",
    [
        Packet("meter", NOON.replace(tzinfo=None), {"aP_1": 1}),
        Packet("meter", NOON, {}),
        Packet("meter", NOON, {"aP_1": 1, "aP_2": math.nan}),
        Packet("meter", NOON, {"aP_1": math.inf}),
        Packet("meter", NOON, {"aP_1": -math.inf}),
        Packet("meter", NOON, {"aP_1": 2**64}),
        Packet("meter\ud800", NOON, {"aP_1": 1}),
    ],
)
def test_no_packet(packet: Packet) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        packet.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'"text"',
        b"<html><body>It works!</body></html>",
        b"\xff\xfe",
        b'{"id":"meter"',
        b'{"id":"meter"}',
        b'{"tsISO8601":"2017-12-01T12:00:00.000+00:00"}',
        b'{"id":5,"tsISO8601":"2017-12-01T12:00:00.000+00:00"}',
        b'{"id":"meter","tsISO8601":null}',
        b'{"id":"meter","tsISO8601":1511956800}',
        b'{"id":"meter","tsISO8601":"yesterday"}',
        b'{"id":"meter","tsISO8601":"Invalid Date"}',
        b'{"id":"meter","tsISO8601":"2017-12-01T12:00:00.000"}',
        b'{"id":"meter","tsISO8601":"2017-12-01"}',
        b'{"id":"meter","tsISO8601":"2017-12-01T12:00:00.000+99:00"}',
        b'[{"id":"meter","tsISO8601":"2017-12-01T12:00:00.000+00:00"}]',
        b'{"id":"meter","tsISO8601":"2017-12-01T12:00:00.000+00:00","aP_1":NaN}',
        b"[" * 100_000,
    ],
)
def test_foreign_bodies(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        Packet.decode(body)


def test_decode_passes_over_what_it_does_not_know() -> None:
    body = (
        b'{"id":"meter","tsISO8601":"2017-12-01T13:00:00+01:00","aP_1":1.5,"aP_2":"2","aP_3":null,"rP_1":true,'
        b'"v_1":[230],"pC_1":7,"value":3,"aP_4":4,"received":"2017-12-01T12:00:01Z"}'
    )
    assert Packet.decode(body) == Packet("meter", NOON, {"aP_1": 1.5, "pC_1": 7, "value": 3})


@settings(deadline=None)
@given(
    strategies.binary()
    | strategies.recursive(
        strategies.none() | strategies.booleans() | strategies.floats() | strategies.text(),
        lambda inner: (
            strategies.lists(inner)
            | strategies.dictionaries(
                strategies.sampled_from(["id", "tsISO8601", "aP_1", "value"]) | strategies.text(), inner
            )
        ),
    ).map(lambda content: json.dumps(content).encode())
)
def test_decode_raises_nothing_else(body: bytes) -> None:
    with suppress(ValueError):
        Packet.decode(body)


INSTANTS = strategies.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=strategies.timezones(),
).map(lambda instant: instant.replace(microsecond=instant.microsecond // 1000 * 1000))


@settings(deadline=None)
@given(
    strategies.text(strategies.characters(codec="utf-8"), min_size=1),
    INSTANTS,
    strategies.dictionaries(
        strategies.sampled_from([*PARAMETERS, VALUE]),
        strategies.floats(allow_nan=False, allow_infinity=False) | strategies.integers(-(2**53), 2**53),
        min_size=1,
    ),
)
def test_decode_returns_what_was_encoded(stream_id: str, instant: datetime, values: dict[str, float]) -> None:
    packet = Packet(stream_id, instant, values)
    body = packet.encode()
    decoded = Packet.decode(body)
    assert (decoded.stream_id, decoded.values) == (packet.stream_id, packet.values)
    assert decoded.instant.timestamp() == instant.timestamp()
    assert decoded.encode() == body


@settings(deadline=None)
@given(INSTANTS, strategies.floats(allow_nan=False, allow_infinity=False))
def test_the_collector_takes_what_is_encoded(instant: datetime, value: float) -> None:
    body = Packet("meter", instant, {"aP_1": value}).encode()
    try:
        packet = parse_packet(body)
    except PacketError as error:
        pytest.fail(f"{body!r}: {error}")
    assert (packet.stream_id, packet.values) == ("meter", {"aP_1": value})
    assert packet.instant.timestamp() == instant.timestamp()
