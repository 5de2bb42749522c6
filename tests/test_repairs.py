"""Repairs come when something has to be done, say what, and go when it is done."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CoreState
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest

from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.waiting import async_plan_move
from tests.collector import ReadBack, Status

from .common import ACCOUNT, START, Home, key_of, logged, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _issues(home: Home) -> dict[str, ir.IssueEntry]:
    return {
        issue_id: issue
        for (domain, issue_id), issue in ir.async_get(home.hass).issues.items()
        if domain == "wattics"
    }


def _placeholders(home: Home, issue_id: str) -> dict[str, str]:
    return dict(_issues(home)[issue_id].translation_placeholders or {})


async def test_a_healthy_account_has_none(home: Home) -> None:
    await home.start(stream())
    await home.until("12:05:30")
    await home.collector.stop()
    await home.until("12:25:30")
    assert _issues(home) == {}


@pytest.mark.parametrize(("status", "key"), [(403, "stream_forbidden"), (404, "stream_not_found")])
async def test_a_stream_that_wattics_does_not_take(home: Home, status: int, key: str) -> None:
    fault = home.collector.inject(Status(status, times=None, stream="main", method="POST"))
    await home.start(stream(name="Main meter"), stream("other"))
    await home.until("12:01:30")
    assert set(_issues(home)) == {f"{key}_{MAIN}"}
    issue = _issues(home)[f"{key}_{MAIN}"]
    assert (issue.translation_key, issue.is_fixable, issue.severity) == (key, False, ir.IssueSeverity.ERROR)
    placeholders = _placeholders(home, f"{key}_{MAIN}")
    assert placeholders["account"] == "ada (127.0.0.1)"
    assert (placeholders["stream"], placeholders["stream_id"]) == ("Main meter", "main")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    await home.until("12:02:30")
    assert _issues(home) == {}


async def test_rejected_packets(home: Home) -> None:
    home.collector.inject(Status(400, times=6, stream="main", method="POST"))
    await home.start(stream(interval=300))
    await home.until("12:06:30")
    assert _placeholders(home, f"packets_rejected_{MAIN}")["rejected"] == "1"
    await home.until("12:11:40")
    assert _placeholders(home, f"packets_rejected_{MAIN}")["rejected"] == "2"
    await home.hass.services.async_call(
        "wattics", "discard_rejected", {"config_entry_id": ACCOUNT}, blocking=True, return_response=True
    )
    await home.settle()
    assert _issues(home) == {}


async def test_packets_that_wattics_does_not_process(home: Home) -> None:
    old = b'{"id": "main", "tsISO8601": "2026-11-23T12:00:00.000+00:00", "aP_1": 1}'
    fault = home.collector.inject(ReadBack(old, times=None))
    await home.start(stream())
    await home.until("12:14:30")
    assert set(_issues(home)) == {f"not_processed_{MAIN}"}
    fault.clear()
    await home.press(MAIN, "verify")
    assert _issues(home) == {}


async def test_another_installation(home: Home) -> None:
    newer = b'{"id": "main", "tsISO8601": "2026-11-23T18:00:00.000+00:00", "aP_1": 1}'
    await home.start(stream())
    await home.until("12:01:30")
    home.collector.inject(ReadBack(newer))
    await home.press(MAIN, "verify")
    assert set(_issues(home)) == {f"another_installation_{MAIN}"}
    await home.press(MAIN, "verify")
    assert _issues(home) == {}


async def test_a_clock_that_was_set_back(home: Home) -> None:
    await home.start(stream())
    await home.until("12:05:30")
    await home.jump(START + timedelta(minutes=3))
    await home.until("12:04:10")
    issue = _issues(home)[f"clock_set_back_{MAIN}"]
    assert issue.severity is ir.IssueSeverity.WARNING
    await home.until("12:06:10")
    assert _issues(home) == {}


async def test_a_disk_that_fails(home: Home) -> None:
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:02:30")
        assert set(_issues(home)) == {f"storage_full_{ACCOUNT}"}
        assert _placeholders(home, f"storage_full_{ACCOUNT}") == {
            "account": "ada (127.0.0.1)",
            "error": "attempt to write a readonly database",
        }
    await home.until("12:03:30")
    assert _issues(home) == {}


async def test_dropped_packets_stay_until_it_is_read(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), options={"keep_days": 1})
    await home.until("12:03:30")
    await home.jump(START + timedelta(days=1, minutes=1, seconds=30))
    await home.until("12:02:30")
    assert _placeholders(home, f"packets_dropped_{ACCOUNT}") == {"account": "ada (127.0.0.1)", "count": "2"}
    await home.until("12:03:30")
    assert _placeholders(home, f"packets_dropped_{ACCOUNT}")["count"] == "3"
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.pass_time(12)
    await home.unload(entry)
    issue = _issues(home)[f"packets_dropped_{ACCOUNT}"]
    assert (issue.is_fixable, issue.is_persistent) == (True, True)


async def test_packets_dropped_when_two_streams_become_one(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.collector.stop()
    entry = await home.start(stream())
    await home.until("12:03:30")
    other = [Packet("renamed", START.replace(minute=minute, second=0), {"aP_1": 1}) for minute in (2, 3)]
    await entry.runtime_data.outbox.append(other)
    await async_plan_move(home.hass, entry, "main", "renamed")
    home.change_stream(entry, MAIN, stream_id="renamed")
    await home.settle()
    assert _placeholders(home, f"packets_dropped_{ACCOUNT}") == {"account": "ada (127.0.0.1)", "count": "2"}
    await home.pass_time(12)
    assert home.shown(ACCOUNT, "queued", "dropped") == ["3", "2"]
    assert any("2 packets of ada (127.0.0.1) were dropped" in line for line in logged(caplog))


async def test_a_damaged_outbox_stays_until_it_is_read(home: Home, hass_client: Any) -> None:
    home.folder.mkdir(parents=True)
    (home.folder / f"{ACCOUNT}.db").write_bytes(b"no database " * 1000)
    entry = await home.start(stream())
    await home.unload(entry)
    placeholders = _placeholders(home, f"storage_damaged_{ACCOUNT}")
    assert placeholders["count"] == "0"
    assert (home.folder / placeholders["file"]).is_file()
    issue = _issues(home)[f"storage_damaged_{ACCOUNT}"]
    assert (issue.is_fixable, issue.is_persistent) == (True, True)
    assert await async_setup_component(home.hass, "repairs", {})
    client = await hass_client()
    started = await client.post(
        "/api/repairs/issues/fix", json={"handler": "wattics", "issue_id": f"storage_damaged_{ACCOUNT}"}
    )
    flow = await started.json()
    assert flow["step_id"] == "confirm"
    await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert _issues(home) == {}


async def test_an_ignored_repair_stays_ignored_over_a_restart(home: Home) -> None:
    home.collector.inject(Status(403, times=None, method="POST"))
    entry = await home.start(stream())
    await home.until("12:01:30")
    issues = ir.async_get(home.hass)
    issues.async_ignore("wattics", f"stream_forbidden_{MAIN}", ignore=True)
    home.hass.set_state(CoreState.final_write)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await home.settle()
    home.hass.set_state(CoreState.running)
    (ignored,) = _issues(home).values()
    assert ignored.dismissed_version is not None
    # What is not persistent is stored without being active.
    issues.issues["wattics", f"stream_forbidden_{MAIN}"] = replace(ignored, active=False)
    assert await home.hass.config_entries.async_reload(entry.entry_id)
    await home.until("12:02:30")
    (again,) = _issues(home).values()
    assert (again.active, again.dismissed_version) == (True, ignored.dismissed_version)


async def test_repairs_go_with_their_stream_and_with_the_account(home: Home) -> None:
    home.collector.inject(Status(403, times=None, method="POST"))
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    assert set(_issues(home)) == {f"stream_forbidden_{MAIN}", f"stream_forbidden_{key_of('other')}"}
    home.remove_stream(entry, MAIN)
    await home.settle()
    assert set(_issues(home)) == {f"stream_forbidden_{key_of('other')}"}
    await home.unload(entry)
    assert _issues(home) == {}
