"""States and statistics, read and made into packets."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.util import dt as dt_util
import pytest

from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.history.maker import Junction, PacketMaker, Progress
from custom_components.wattics.history.reading import StreamReading, timelines
from custom_components.wattics.history.recorder import Recorder
from custom_components.wattics.sampling.stream import Stream
from custom_components.wattics.sampling.zones import Zones
from tests import common

from .recording import BEGIN, Change, Recording

WATT = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}
KWH = {"unit_of_measurement": "kWh", "device_class": "energy", "state_class": "total_increasing"}


@pytest.fixture(autouse=True)
async def _zone(recording: Recording) -> None:
    await recording.hass.config.async_set_time_zone("UTC")


def _stream(parameters: Mapping[str, Any], interval: int = 60, **data: Any) -> Stream:
    new = common.stream("main", interval=interval, parameters=parameters, **data)
    return Stream.from_subentry(
        ConfigSubentry(
            data=new["data"],  # type: ignore[arg-type]
            subentry_type=new["subentry_type"],
            title="Main",
            unique_id="main",
        )
    )


async def _read(recording: Recording, stream: Stream, start: datetime, end: datetime) -> list[Packet]:
    recorder, zones = Recorder(recording.hass), Zones()
    await zones.async_load([stream])
    begin = start.timestamp()
    reading = StreamReading(recorder, stream, zones, timelines(recording.hass, stream), begin)
    await reading.async_begin()
    maker = PacketMaker(stream, zones, reading.timelines, begin, Progress(), Junction())
    packets: list[Packet] = []
    while reading.position < end.timestamp():
        pieces = await reading.async_next(end.timestamp())
        packets += maker.make(pieces, reading.position).packets
    return packets


def _shown(packets: Iterable[Packet]) -> list[tuple[str, dict[str, float]]]:
    return [(f"{packet.instant.astimezone(dt_util.UTC):%d %H:%M:%S}", dict(packet.values)) for packet in packets]


def _at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def _power(seconds: float, value: object, **attributes: Any) -> Change:
    return Change(_at(seconds), "sensor.power", value, {**WATT, **attributes})


def _energy(seconds: float, value: object, **attributes: Any) -> Change:
    return Change(_at(seconds), "sensor.energy", value, {**KWH, **attributes})


POWER = {"aP_1": [{"source": "sensor.power"}]}
ENERGY = {"pC_1": [{"source": "sensor.energy"}]}


async def test_states_at_boundaries(recording: Recording) -> None:
    await recording.play(
        [
            _power(10, 1),
            _power(60, 2),  # at the boundary: it is known there
            _power(130, "unavailable"),
            _power(190, 3, unit_of_measurement="kW"),
            _power(200, 3),  # the unit alone changes
        ]
    )
    packets = await _read(recording, _stream(POWER), BEGIN, _at(240))
    assert _shown(packets) == [
        ("13 00:01:00", {"aP_1": 2}),
        ("13 00:02:00", {"aP_1": 2}),
        ("13 00:04:00", {"aP_1": 3}),
    ]


async def test_means_begin_with_what_was_known_before(recording: Recording) -> None:
    await recording.play([_power(10, 100), _power(90, 400), _power(195, "unknown"), _power(230, 50)])
    packets = await _read(recording, _stream(POWER, method="mean"), _at(60), _at(240))
    assert _shown(packets) == [
        ("13 00:02:00", {"aP_1": 250}),
        ("13 00:03:00", {"aP_1": 400}),
    ]
    assert _shown(await _read(recording, _stream(POWER, method="mean"), BEGIN, _at(60))) == [
        ("13 00:01:00", {"aP_1": 100})
    ]


async def test_registers(recording: Recording) -> None:
    await recording.play([_energy(10, 5), _energy(70, 6), _energy(130, 0.1), _energy(190, 0.3), _energy(250, 0.4)])
    packets = await _read(recording, _stream(ENERGY), BEGIN, _at(300))
    assert [packet.values["pC_1"] for packet in packets] == [5000, 6000, 6000, 6300, 6400]
    packets = await _read(recording, _stream(ENERGY, reading="interval"), BEGIN, _at(300))
    assert [packet.values["pC_1"] for packet in packets] == [0, 1000, 0, 300, 100]


async def test_statistics_before_states(recording: Recording) -> None:
    """A statistic makes one packet a period, and none of two that a boundary divides."""
    entity = ("sensor.power", "W", "power")
    hour = BEGIN - timedelta(hours=2)
    await recording.import_hours(
        *entity, [{"start": hour + timedelta(hours=n), "mean": n + 1.5, "min": 0, "max": 9} for n in range(2)]
    )
    await recording.play([_power(30, 7), _power(90, 8)])
    packets = await _read(recording, _stream(POWER, 600), hour, _at(600))
    assert _shown(packets) == [
        ("12 23:00:00", {"aP_1": 1.5}),
        ("13 00:00:00", {"aP_1": 2.5}),
        ("13 00:10:00", {"aP_1": 8}),
    ]
    packets = await _read(recording, _stream(POWER, 7200, method="mean"), hour, _at(600))
    assert _shown(packets) == [("13 00:00:00", {"aP_1": 2})]
    # Where the hours begin and end between boundaries nothing is divided.
    packets = await _read(recording, _stream(POWER, 600, time_zone="Asia/Kathmandu"), hour, _at(60))
    assert _shown(packets) == []


async def test_one_direction_of_a_mean_of_both_is_not_known(recording: Recording) -> None:
    hour = BEGIN - timedelta(hours=3)
    rows = [(-5, 3), (0, 3), (-5, 0)]
    await recording.import_hours(
        "sensor.power",
        "W",
        "power",
        [
            {"start": hour + timedelta(hours=n), "mean": (least + most) / 2, "min": least, "max": most}
            for n, (least, most) in enumerate(rows)
        ],
    )
    for direction, expected in (("import", [1.5, 0]), ("export", [0, 2.5])):
        parameters = {"aP_1": [{"source": "sensor.power", "direction": direction}]}
        packets = await _read(recording, _stream(parameters, 3600), hour, BEGIN)
        assert [packet.values["aP_1"] for packet in packets] == expected


async def test_counters_go_over_from_statistics_to_states(recording: Recording) -> None:
    """The dial falls within an hour of which only the sum tells, and rises before the first state is there."""
    hour = BEGIN - timedelta(hours=3)
    sums = [(100, 10), (3, 14), (5, 16)]
    await recording.import_hours(
        "sensor.energy",
        "kWh",
        "energy",
        [
            {"start": hour + timedelta(hours=n), "state": dial, "sum": total}
            for n, (dial, total) in enumerate(sums)
        ],
    )
    await recording.play([_energy(30, 5.25), _energy(90, 6)])
    packets = await _read(recording, _stream(ENERGY, 60), hour, _at(180))
    assert _shown(packets) == [
        ("12 22:00:00", {"pC_1": 100000}),
        ("12 23:00:00", {"pC_1": 104000}),
        ("13 00:00:00", {"pC_1": 106000}),
        ("13 00:01:00", {"pC_1": 106250}),
        ("13 00:02:00", {"pC_1": 107000}),
        ("13 00:03:00", {"pC_1": 107000}),
    ]


async def test_five_minutes_before_states(recording: Recording) -> None:
    """States that are gone are still known by their statistics of 5 minutes."""
    await recording.play([_power(30, 60), *(_power(300 * n + 150, 10 * n) for n in range(1, 5))])
    await recording.compile(_at(1500))
    await recording.purge(_at(700))
    stream = _stream(POWER, 300, method="mean")
    packets = await _read(recording, stream, BEGIN, _at(1500))
    assert [packet.values["aP_1"] for packet in packets] == pytest.approx([60, 35, 15, 25, 35])
    # Once a period; from the first state on there are all boundaries.
    packets = await _read(recording, _stream(POWER, 60, method="mean"), BEGIN, _at(1020))
    assert [packet.instant.minute for packet in packets] == [5, 10, 15, 16, 17]
