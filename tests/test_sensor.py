"""The sensors of accounts and streams through a life: what they are and what they show."""

from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.wattics.const import DOMAIN
from custom_components.wattics.status import Status as StreamStatus
from tests.collector import Hang, ReadBack, Slow, Status

from .common import ACCOUNT, START, Home, key_of, single_value, stream

MAIN = key_of("main")
GAS = key_of("gas")

ACCOUNT_SENSORS: dict[str, dict[str, Any]] = {
    "queued": {"state_class": "measurement", "unit_of_measurement": "packets"},
    "oldest_queued": {"device_class": "timestamp"},
    "pushed": {"state_class": "total_increasing", "unit_of_measurement": "packets"},
    "dropped": {"state_class": "total_increasing", "unit_of_measurement": "packets"},
    "response_status": {},
}
STREAM_SENSORS: dict[str, dict[str, Any]] = {
    "status": {"device_class": "enum", "options": [status.value for status in StreamStatus], "missing": {}},
    "last_push": {"device_class": "timestamp"},
    "last_packet": {"device_class": "timestamp", "values": None, "gaps": 0, "processed": None},
    "queued": {"state_class": "measurement", "unit_of_measurement": "packets"},
    "pushed": {"state_class": "total_increasing", "unit_of_measurement": "packets"},
    "rejected": {"state_class": "measurement", "unit_of_measurement": "packets"},
    "completeness": {"state_class": "measurement", "unit_of_measurement": "%"},
}
OFF_BY_DEFAULT = {"last_error", "latency"}


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)
    home.set("sensor.gas", "1.5", "m³")


async def _show_all(home: Home) -> None:
    """Let the stream have the sensors too that are off by default."""
    registry = er.async_get(home.hass)
    for key in OFF_BY_DEFAULT:
        registry.async_get_or_create("sensor", DOMAIN, f"{MAIN}_{key}", disabled_by=None)


def _own_attributes(home: Home, subject: str, key: str) -> dict[str, Any]:
    attributes = dict(home.state(subject, key).attributes)
    assert "friendly_name" in attributes
    return {name: value for name, value in attributes.items() if name not in {"friendly_name", "icon"}}


async def test_every_sensor_is_there_as_designed(home: Home) -> None:
    entry = await home.start(stream(), single_value("gas", "sensor.gas", unit="m³"))
    registry = er.async_get(home.hass)
    entities = {
        one.unique_id: one
        for one in er.async_entries_for_config_entry(registry, entry.entry_id)
        if one.domain == "sensor"
    }
    streams = [f"{key}_{sensor}" for key in (MAIN, GAS) for sensor in (*STREAM_SENSORS, *OFF_BY_DEFAULT)]
    assert set(entities) == {*(f"{ACCOUNT}_{sensor}" for sensor in ACCOUNT_SENSORS), *streams}
    for unique_id, entity in entities.items():
        subject = unique_id.partition("_")[0]
        device = home.device(entry, ACCOUNT if subject == ACCOUNT else key_of(subject))
        assert device is not None
        assert entity.device_id == device.id
        assert entity.config_subentry_id == (None if subject == ACCOUNT else key_of(subject))
        assert entity.entity_category is EntityCategory.DIAGNOSTIC
        assert entity.has_entity_name
        hidden = unique_id.endswith(tuple(f"_{key}" for key in OFF_BY_DEFAULT))
        assert entity.disabled_by is (er.RegistryEntryDisabler.INTEGRATION if hidden else None)
    for subject, sensors in ((ACCOUNT, ACCOUNT_SENSORS), (MAIN, STREAM_SENSORS), (GAS, STREAM_SENSORS)):
        for key, attributes in sensors.items():
            assert _own_attributes(home, subject, key) == attributes, key


async def test_names_and_states_are_english(home: Home) -> None:
    await _show_all(home)
    await home.start(stream())
    names = {key: home.state(MAIN, key).name for key in (*STREAM_SENSORS, *OFF_BY_DEFAULT)}
    assert names == {
        "status": "Main Status",
        "last_push": "Main Last push",
        "last_packet": "Main Last packet",
        "queued": "Main Packets queued",
        "pushed": "Main Packets pushed",
        "rejected": "Main Packets rejected",
        "completeness": "Main Completeness",
        "last_error": "Main Last error",
        "latency": "Main Latency",
    }
    assert {key: home.state(ACCOUNT, key).name for key in ACCOUNT_SENSORS} == {
        "queued": "ada (127.0.0.1) Packets queued",
        "oldest_queued": "ada (127.0.0.1) Oldest packet queued",
        "pushed": "ada (127.0.0.1) Packets pushed",
        "dropped": "ada (127.0.0.1) Packets dropped",
        "response_status": "ada (127.0.0.1) Last response status",
    }


async def test_a_life(home: Home) -> None:
    keys = ("status", "queued", "pushed", "rejected", "last_push", "last_packet")
    await home.start(stream())
    assert home.shown(MAIN, *keys) == ["waiting", "0", "0", "0", STATE_UNKNOWN, STATE_UNKNOWN]
    assert home.shown(ACCOUNT, *ACCOUNT_SENSORS) == ["0", STATE_UNKNOWN, "0", "0", STATE_UNKNOWN]

    await home.until("12:01:20")
    first = ["ok", "0", "1", "0", "2026-11-23T12:01:06+00:00", "2026-11-23T12:01:00+00:00"]
    assert home.shown(MAIN, *keys) == first
    assert home.state(MAIN, "last_packet").attributes["values"] == {"aP_1": 1}
    assert home.shown(ACCOUNT, *ACCOUNT_SENSORS) == ["0", STATE_UNKNOWN, "1", "0", "200"]

    await home.collector.stop()
    await home.until("12:03:30")
    assert home.shown(MAIN, *keys) == ["retrying", "2", *first[2:]]
    assert home.shown(ACCOUNT, *ACCOUNT_SENSORS) == ["2", "2026-11-23T12:02:00+00:00", "1", "0", "200"]

    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:04:20")
    assert home.shown(MAIN, *keys) == [
        "ok",
        "0",
        "4",
        "0",
        "2026-11-23T12:04:06+00:00",
        "2026-11-23T12:04:00+00:00",
    ]
    assert home.shown(ACCOUNT, *ACCOUNT_SENSORS) == ["0", STATE_UNKNOWN, "4", "0", "200"]


@pytest.mark.parametrize(("status", "word"), [(403, "forbidden"), (404, "not_found")])
async def test_a_stream_that_wattics_does_not_take(home: Home, status: int, word: str) -> None:
    await _show_all(home)
    fault = home.collector.inject(Status(status, times=None, stream="main", method="POST"))
    await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    assert home.shown(MAIN, "status", "queued", "pushed") == [word, "2", "0"]
    assert home.state(MAIN, "last_error").state.startswith(f"HTTP {status}")
    assert home.shown(key_of("other"), "status", "pushed") == ["ok", "2"]
    assert fault.struck == 2
    fault.clear()
    await home.until("12:05:30")
    assert home.shown(MAIN, "status", "queued", "pushed", "last_error") == ["ok", "0", "5", STATE_UNKNOWN]


async def test_a_packet_that_is_refused_is_set_aside(home: Home) -> None:
    await _show_all(home)
    fault = home.collector.inject(
        Status(
            400,
            times=3,
            stream="main",
            method="POST",
            body=b"no such unit",
            headers={"Content-Type": "text/plain"},
        )
    )
    entry = await home.start(stream(interval=300))
    await home.until("12:05:20")
    assert home.shown(MAIN, "status", "queued", "rejected") == ["retrying", "1", "0"]
    await home.until("12:06:30")
    assert fault.struck == 3
    assert home.shown(MAIN, "status", "queued", "rejected") == ["rejecting", "0", "1"]
    rejected = home.state(MAIN, "rejected").attributes
    assert rejected["response_status"] == 400
    assert rejected["reason"] == "no such unit"
    assert rejected["instant"] < rejected["rejected_at"]
    assert home.shown(MAIN, "last_error") == ["HTTP 400: no such unit"]
    await home.unload(entry)
    await home.load(entry)
    assert home.shown(MAIN, "status", "rejected") == ["waiting", "1"]
    await home.until("12:10:20")
    assert home.shown(MAIN, "status", "queued", "rejected", "pushed") == ["ok", "0", "1", "1"]


async def test_a_long_error_is_cut_to_what_a_state_may_hold(home: Home) -> None:
    await _show_all(home)
    home.collector.inject(
        Status(503, times=None, body=b"x" * 1000, headers={"Content-Type": "text/plain"}, method="POST")
    )
    await home.start(stream())
    await home.until("12:01:20")
    state = home.state(MAIN, "last_error").state
    assert state.startswith("HTTP 503: xxx")
    assert len(state) <= 255


async def test_latency_is_that_of_the_last_transaction(home: Home) -> None:
    await _show_all(home)
    home.collector.inject(Slow(1.25))
    await home.start(stream())
    await home.until("12:01:30")
    assert float(home.state(MAIN, "latency").state) == pytest.approx(1.25, abs=0.01)
    await home.until("12:02:30")
    assert float(home.state(MAIN, "latency").state) == pytest.approx(0, abs=0.01)


async def test_completeness_is_what_arrived_of_what_was_due(home: Home) -> None:
    await home.start(stream(), stream("hourly", interval=3600))
    assert home.shown(MAIN, "completeness") == [STATE_UNKNOWN]
    await home.until("12:10:30")
    assert home.shown(MAIN, "completeness") == ["100.0"]
    assert home.shown(key_of("hourly"), "completeness") == [STATE_UNKNOWN]
    home.set("sensor.power", "unknown")
    await home.until("12:21:30")
    assert float(home.state(MAIN, "completeness").state) == pytest.approx(50)
    home.set("sensor.power", 1)
    await home.until("12:41:30")
    assert float(home.state(MAIN, "completeness").state) == pytest.approx(75)


async def test_completeness_counts_the_last_24_hours(home: Home) -> None:
    entry = await home.start(stream(interval=600))
    await home.until("13:00:30")
    assert home.shown(MAIN, "completeness") == ["100.0"]
    await home.jump(START + timedelta(hours=12))
    await home.pass_time(3600)
    account = entry.runtime_data
    within = account.completeness(MAIN)
    assert within == pytest.approx(100 * 12 / 78, abs=2)
    await home.jump(START + timedelta(hours=35))
    await home.pass_time(3600)
    later = account.completeness(MAIN)
    assert later == pytest.approx(100 * 12 / 144, abs=2)


async def test_completeness_survives_a_reload(home: Home) -> None:
    entry = await home.start(stream())
    await home.until("12:10:30")
    home.set("sensor.power", "unknown")
    await home.until("12:21:30")
    before = home.state(MAIN, "completeness").state
    await home.unload(entry)
    await home.load(entry)
    assert home.shown(MAIN, "completeness") == [before]


async def test_what_wattics_processed_is_shown(home: Home) -> None:
    await home.start(stream())
    await home.until("12:03:30")
    await home.press(MAIN, "verify")
    await home.pass_time(11)
    processed = home.state(MAIN, "last_packet").attributes["processed"]
    assert processed is not None
    assert processed.isoformat() == "2026-11-23T12:03:00+00:00"


async def test_a_stream_that_wattics_acknowledges_but_does_not_process(home: Home) -> None:
    old = b'{"id": "main", "tsISO8601": "2026-11-23T12:00:00.000+00:00", "aP_1": 1}'
    fault = home.collector.inject(ReadBack(old, times=None))
    await home.start(stream())
    await home.until("12:10:30")
    assert home.shown(MAIN, "status") == ["ok"]
    await home.until("12:14:30")
    assert home.shown(MAIN, "status") == ["not_processed"]
    fault.clear()
    await home.press(MAIN, "verify")
    assert home.shown(MAIN, "status") == ["ok"]


async def test_a_hanging_server_is_an_outage_after_half_a_minute(home: Home) -> None:
    hang = home.collector.inject(Hang(times=None))
    await home.start(stream())
    await home.until("12:01:30")
    assert home.shown(MAIN, "status", "queued") == ["waiting", "1"]
    await home.until("12:01:40")
    assert home.shown(MAIN, "status", "queued") == ["retrying", "1"]
    hang.clear()
    await home.press(ACCOUNT, "retry")
    await home.until("12:02:30")
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]
