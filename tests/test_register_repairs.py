"""Counters that went back for long, or that were lost: the user is told, and says what it is in a dialog."""

from datetime import timedelta

from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.collector import Status

from .common import Home, key_of, stream
from .flows.dialog import Dialog

MAIN = key_of("main")
ENERGY = "sensor.energy"
DIP = f"register_dip_{MAIN}"
LOST = f"register_lost_{MAIN}"


def _issue(home: Home, issue_id: str) -> ir.IssueEntry | None:
    return ir.async_get(home.hass).async_get_issue("wattics", issue_id)


def _last(home: Home) -> float:
    return home.packets("main")[-1].values["pC_1"] / 1000


async def _dip(home: Home, *others: str) -> MockConfigEntry:
    """Let a counter go back from 100 to 95 kWh, and a day pass."""
    sources = [{"source": entity} for entity in (ENERGY, *others)]
    home.set(ENERGY, 100, "kWh")
    entry = await home.start(stream(parameters={"pC_1": sources}, interval=3600))
    await home.until("13:00:10")
    for entity in (ENERGY, *others):
        home.set(entity, 95, "kWh")
    await home.jump(home.now + timedelta(hours=23, minutes=59))
    await home.pass_time(60)
    assert _issue(home, DIP) is None
    await home.pass_time(3600)
    return entry


async def test_a_dip_of_a_day_is_told(home: Home) -> None:
    await _dip(home)
    issue = _issue(home, DIP)
    assert issue is not None
    assert (issue.is_fixable, issue.severity) == (True, ir.IssueSeverity.WARNING)
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["sources"] == "pC_1: energy (sensor.energy)"
    dialog = await Dialog.repair(home.hass, DIP)
    assert dialog.texts["before"] == "100 kWh"
    assert dialog.texts["shown"] == "95 kWh"
    assert dialog.texts["since"] == "2026-11-23 14:00"
    home.set(ENERGY, 100.5, "kWh")
    await home.pass_time(3600)
    assert _issue(home, DIP) is None
    assert _last(home) == 100.5
    assert (await dialog.choose("reset")).page["reason"] == "solved"


async def test_it_is_a_reset(home: Home) -> None:
    await _dip(home)
    await (await Dialog.repair(home.hass, DIP)).choose("reset")
    assert _issue(home, DIP) is None
    home.set(ENERGY, 96, "kWh")
    await home.pass_time(3600)
    assert _last(home) == 196


async def test_it_will_come_back(home: Home) -> None:
    await _dip(home)
    await (await Dialog.repair(home.hass, DIP)).choose("wait")
    assert _issue(home, DIP) is None
    await home.jump(home.now + timedelta(hours=25))
    assert _issue(home, DIP) is None
    await home.pass_time(3600)
    assert _issue(home, DIP) is not None
    assert _last(home) == 100


async def test_the_meter_was_replaced(home: Home) -> None:
    await _dip(home)
    dialog = await (await Dialog.repair(home.hass, DIP)).choose("replaced")
    assert dialog.shown == {"final_reading": 100, "first_reading": 95}
    await dialog.submit(final_reading=99)
    assert dialog.errors == {"final_reading": "final_reading_too_low"}
    assert dialog.texts["limit"] == "100 kWh"
    await dialog.submit(final_reading=101, first_reading=96)
    assert dialog.errors == {"first_reading": "first_reading_too_high"}
    assert dialog.texts["limit"] == "95 kWh"
    await dialog.submit(first_reading=94)
    assert dialog.page["type"] is FlowResultType.CREATE_ENTRY
    assert _issue(home, DIP) is None
    await home.pass_time(3600)
    assert _last(home) == 102


async def test_of_several_dips_one_after_the_other(home: Home) -> None:
    home.set("sensor.other", 98, "kWh")
    await _dip(home, "sensor.other")
    await (await Dialog.repair(home.hass, DIP)).choose("reset")
    await home.pass_time(3600)
    assert _last(home) == 100 + 95 + 98
    dialog = await Dialog.repair(home.hass, DIP)
    assert dialog.texts["entity"] == "other (sensor.other)"
    await dialog.choose("reset")
    await home.pass_time(3600)
    assert _last(home) == 100 + 95 + 98 + 95
    assert _issue(home, DIP) is None


async def test_an_entity_that_has_no_unit_now(home: Home) -> None:
    await _dip(home)
    home.hass.states.async_remove(ENERGY)
    dialog = await Dialog.repair(home.hass, DIP)
    assert dialog.texts["before"] == "100000"
    assert (await dialog.choose("replaced")).page["reason"] == "no_unit"


@pytest.mark.parametrize("step", ["reset", "wait"])
async def test_a_disk_that_refuses(home: Home, step: str) -> None:
    entry = await _dip(home)
    dialog = await Dialog.repair(home.hass, DIP)
    async with home.failing_disk(entry):
        await dialog.choose(step)
        assert dialog.page["reason"] == "storage_unusable"
    await home.pass_time(3600)
    assert _issue(home, DIP) is not None
    assert _last(home) == 100


# Lost


async def _lose(home: Home) -> MockConfigEntry:
    """Let a register be lost that Wattics does not tell: it was at 100 kWh, the meter shows 5."""
    home.set(ENERGY, 100, "kWh")
    entry = await home.start(stream(parameters={"pC_1": [{"source": ENERGY}]}))
    await home.until("12:01:10")
    home.collector.inject(Status(200, times=None, method="GET"))
    await home.unload(entry)
    path = home.folder / f"{entry.entry_id}.db"
    path.write_bytes(path.read_bytes().replace(b'"figures"', b'"FIGURES"'))
    home.set(ENERGY, 5, "kWh")
    await home.load(entry)
    await home.until("12:02:30")
    assert _issue(home, LOST) is not None
    return entry


async def test_a_lost_register_goes_on_from_what_somebody_found(home: Home) -> None:
    entry = await _lose(home)
    dialog = await Dialog.repair(home.hass, LOST)
    assert dialog.shown == {"pC_1": 5000}
    async with home.failing_disk(entry):
        await dialog.submit(pC_1=100_000)
        assert dialog.page["reason"] == "storage_unusable"
    dialog = await Dialog.repair(home.hass, LOST)
    await dialog.submit(pC_1=100_000)
    assert _issue(home, LOST) is None
    home.set(ENERGY, 6, "kWh")
    await home.until("12:03:10")
    assert _last(home) == 101
    await home.unload(entry)
    await home.load(entry)
    await home.until("12:04:10")
    assert _last(home) == 101


async def test_a_lost_register_that_was_found_meanwhile(home: Home) -> None:
    await _lose(home)
    dialog = await Dialog.repair(home.hass, LOST)
    home.collector.clear_faults()
    await home.press(MAIN, "verify")
    assert _issue(home, LOST) is None
    await dialog.submit(pC_1=7)
    assert dialog.page["reason"] == "solved"
    await home.until("12:03:10")
    assert _last(home) == 100
