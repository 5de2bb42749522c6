"""Registers whose file was lost, or is older than what Wattics has: none falls, and the user sees both figures."""

from datetime import UTC, timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics import backup
from tests.collector import Status

from .common import ACCOUNT, Home, key_of, stream
from .flows.dialog import Dialog

MAIN = key_of("main")
ENERGY = "sensor.energy"
LOST = f"register_lost_{MAIN}"
JOINED = f"register_joined_{ACCOUNT}"


def _energy(**data: Any) -> Any:
    return stream(parameters={"pC_1": [{"source": ENERGY}], "aP_1": [{"source": "sensor.power"}]}, **data)


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set(ENERGY, 100, "kWh")
    home.set("sensor.power", 5)


def _sent(home: Home, since: str = "12:00:00") -> list[float | None]:
    """Return the energy of packets that Wattics took, in kWh, from a time of day on; None where there is none."""
    return [
        packet.values["pC_1"] / 1000 if "pC_1" in packet.values else None
        for packet in home.packets("main")
        if f"{packet.instant.astimezone(UTC):%H:%M:%S}" >= since
    ]


def _issue(home: Home, issue_id: str) -> dict[str, str] | None:
    issue = ir.async_get(home.hass).async_get_issue("wattics", issue_id)
    return None if issue is None else dict(issue.translation_placeholders or {})


async def _copy(home: Home, to: Path) -> None:
    await backup.async_pre_backup(home.hass)
    shutil.copytree(home.folder, to)
    await backup.async_post_backup(home.hass)


async def _come_back(home: Home, entry: MockConfigEntry, *, copy: Path | None = None, minutes: int = 5) -> None:
    """Start again after some minutes, with a copy of the outboxes or with what there is."""
    await home.unload(entry)
    if copy is not None:
        shutil.rmtree(home.folder)
        shutil.copytree(copy, home.folder)
    await home.jump(home.now + timedelta(minutes=minutes))
    await home.load(entry)


async def _reset_after_backup(home: Home, tmp_path: Path, **data: Any) -> MockConfigEntry:
    """Send 100 kWh, make a copy, then begin anew at 0: Wattics has 115 kWh at 12:04, the meter shows 5."""
    entry = await home.start(_energy(**data))
    await home.until("12:01:10")
    await _copy(home, tmp_path / "copy")
    home.set(ENERGY, 110, "kWh")
    await home.until("12:02:10")
    home.set(ENERGY, 0, "kWh")
    home.set(ENERGY, 5, "kWh")
    await home.until("12:04:10")
    return entry


async def test_a_restored_older_file_lets_no_register_fall(home: Home, tmp_path: Path) -> None:
    """By its own reckoning it would be at 105 kWh: it saw neither the last rise nor what the reset was."""
    entry = await _reset_after_backup(home, tmp_path)
    assert _sent(home) == [100, 110, 115, 115]
    await _come_back(home, entry, copy=tmp_path / "copy")
    await home.until("12:10:40")
    home.set(ENERGY, 6, "kWh")
    await home.until("12:11:10")
    assert _sent(home, "12:09:00") == [115, 116]
    issue = _issue(home, JOINED)
    assert issue is not None
    assert issue["registers"] == "- Main (main) pC\\_1: 100000.0 → 115000.0"
    await (await Dialog.repair(home.hass, JOINED)).submit()
    assert _issue(home, JOINED) is None
    await _come_back(home, entry)
    await home.until("12:17:10")
    assert _sent(home, "12:16:00") == [116]


async def test_what_was_sampled_before_wattics_could_be_asked_is_raised_with_it(
    home: Home, tmp_path: Path
) -> None:
    entry = await _reset_after_backup(home, tmp_path)
    fault = home.collector.inject(Status(503, times=None))
    await _come_back(home, entry, copy=tmp_path / "copy")
    await home.until("12:10:40")
    home.set(ENERGY, 6, "kWh")
    home.set(ENERGY, 7, "kWh")
    await home.until("12:12:40")
    assert home.shown(ACCOUNT, "queued") == ["3"]
    fault.clear()
    await home.press(ACCOUNT, "retry")
    home.set(ENERGY, 8, "kWh")
    await home.until("12:13:30")
    assert _sent(home, "12:09:00") == [115, 122, 122, 123]
    assert home.shown(MAIN, "status", "rejected") == ["ok", "0"]
    shown = home.state(MAIN, "last_packet").attributes
    assert (shown["dials"], shown["offsets"]) == ({"pC_1": 8000}, {"pC_1": 115_000})
    # The other parameters are as they were measured.
    assert {packet.values["aP_1"] for packet in home.packets("main")} == {5}


async def test_an_older_file_without_a_reset_needs_no_help(home: Home, tmp_path: Path) -> None:
    entry = await home.start(_energy())
    await home.until("12:01:10")
    await _copy(home, tmp_path / "copy")
    home.set(ENERGY, 110, "kWh")
    await home.until("12:02:10")
    home.set(ENERGY, 112, "kWh")
    await _come_back(home, entry, copy=tmp_path / "copy")
    await home.until("12:08:10")
    assert _sent(home) == [100, 110, 112]
    assert _issue(home, JOINED) is None


async def test_an_interval_of_a_restored_file_does_not_tell_twice(home: Home, tmp_path: Path) -> None:
    entry = await _reset_after_backup(home, tmp_path, reading="interval")
    assert _sent(home) == [0, 10, 5, 0]
    await _come_back(home, entry, copy=tmp_path / "copy")
    await home.until("12:09:40")
    home.set(ENERGY, 6, "kWh")
    home.set(ENERGY, 7, "kWh")
    await home.until("12:11:10")
    assert _sent(home, "12:09:00") == [2, 0]


async def test_nobody_is_asked_after_a_short_break(home: Home) -> None:
    entry = await home.start(_energy())
    await home.until("12:02:10")
    await _come_back(home, entry, minutes=1)
    requests = home.collector.statistics.requests
    before = len(requests)
    await home.until("12:04:10")
    assert [request.method for request in requests][before:] == ["POST"]


async def test_a_server_that_answers_no_questions_holds_nothing_up(home: Home) -> None:
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.collector.inject(Status(500, times=None, method="GET"))
    await _come_back(home, entry)
    await home.until("12:08:10")
    assert home.instants("main") == ["12:01:00", "12:07:00", "12:08:00"]


# Lost


async def _damage(home: Home, entry: MockConfigEntry, *, whole: bool = False) -> None:
    """Change the registers on the disk, or everything."""
    await home.unload(entry)
    path = home.folder / f"{entry.entry_id}.db"
    content = path.read_bytes()
    path.write_bytes(b"nothing is left" * 999 if whole else content.replace(b'"figures"', b'"FIGURES"'))


@pytest.mark.parametrize("whole", [False, True])
async def test_a_lost_register_goes_on_from_what_wattics_has(home: Home, whole: bool) -> None:
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.set(ENERGY, 0, "kWh")
    home.set(ENERGY, 5, "kWh")
    await home.until("12:02:10")
    await _damage(home, entry, whole=whole)
    await home.load(entry)
    await home.until("12:03:10")
    home.set(ENERGY, 6, "kWh")
    await home.until("12:04:10")
    assert _sent(home) == [100, 105, 105, 106]
    assert _issue(home, LOST) is None
    issue = _issue(home, JOINED)
    assert issue is not None
    assert issue["registers"] == "- Main (main) pC\\_1: 5000.0 → 105000.0"
    await _come_back(home, entry, minutes=0)
    await home.until("12:05:10")
    assert _sent(home)[-1] == 106


async def test_a_lost_register_is_withheld_until_wattics_answers(home: Home) -> None:
    entry = await home.start(_energy())
    await home.until("12:02:10")
    await _damage(home, entry)
    fault = home.collector.inject(Status(503, times=None))
    await home.load(entry)
    await home.until("12:05:10")
    assert home.state(MAIN, "status").attributes["missing"] == {"pC_1": "lost"}
    issue = _issue(home, LOST)
    assert issue is not None
    assert issue["parameters"] == "pC_1"
    fault.clear()
    await home.press(ACCOUNT, "retry")
    home.set(ENERGY, 101, "kWh")
    await home.until("12:06:10")
    assert home.instants("main") == [f"12:0{minute}:00" for minute in range(1, 7)]
    assert _sent(home) == [100, 100, None, None, None, 101]
    assert _issue(home, LOST) is None


async def test_a_lost_register_goes_on_from_what_waits(home: Home) -> None:
    """Wattics need not be asked for a figure that is newer than all it has."""
    entry = await home.start(_energy())
    await home.until("12:01:10")
    fault = home.collector.inject(Status(503, times=None))
    home.set(ENERGY, 120, "kWh")
    await home.until("12:02:10")
    await _damage(home, entry)
    home.set(ENERGY, 121, "kWh")
    await home.load(entry)
    home.set(ENERGY, 122, "kWh")
    await home.until("12:03:10")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    assert _sent(home) == [100, 120, 121]


async def test_a_lost_register_that_wattics_does_not_tell_stays_withheld(home: Home) -> None:
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.collector.inject(Status(200, times=None, method="GET"))
    await _damage(home, entry)
    await home.load(entry)
    await home.until("12:04:10")
    assert _sent(home) == [100, None, None, None]
    assert _issue(home, LOST) is not None


async def test_a_lost_interval_begins_anew(home: Home) -> None:
    entry = await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    await _damage(home, entry)
    await home.load(entry)
    home.set(ENERGY, 103, "kWh")
    await home.until("12:02:10")
    assert _sent(home) == [0, 3]
    assert _issue(home, LOST) is None
