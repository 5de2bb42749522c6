"""The last page of a stream: what would be sent, where it comes from, and what to know before it is stored."""

from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import history
from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from sqlalchemy.exc import OperationalError

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.flows.preview import async_preview
from custom_components.wattics.flows.words import literal, verbatim
from tests.collector import Collector, ReadBack

from .meters import add_stream, meter, registered

NOW = datetime(2026, 11, 23, 14, 3, 20, tzinfo=UTC)
BOUNDARY = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def _stream(parameters: dict[str, Any], **settings: Any) -> dict[str, Any]:
    sources = {
        code: [source if isinstance(source, dict) else {"source": source} for source in found]
        for code, found in parameters.items()
    }
    return {
        "name": "Main",
        "stream_id": "main",
        "interval": 300,
        "parameters": sources,
        "time_zone": "Europe/Rome",
        **settings,
    }


def _subentry(data: dict[str, Any], subentry_id: str = "of a new stream") -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType(data),
        subentry_id=subentry_id,
        subentry_type=SUBENTRY_SINGLE_VALUE if "value" in data["parameters"] else SUBENTRY_ELECTRICITY,
        title=data["name"],
        unique_id=data["stream_id"],
    )


async def _preview(
    hass: HomeAssistant, account: ConfigEntry, parameters: dict[str, Any], **settings: Any
) -> dict[str, str]:
    return await async_preview(hass, account, _subentry(_stream(parameters, **settings)), NOW)


def _values(preview: dict[str, str]) -> list[str]:
    return [line.removeprefix("- ") for line in preview["values"].splitlines()]


@pytest.fixture(autouse=True)
def clock(freezer: FrozenDateTimeFactory) -> FrozenDateTimeFactory:
    """Hold the time."""
    freezer.move_to(NOW)
    return freezer


@pytest.mark.parametrize("stream_id", ["main", "a`b", "``", "<b>{0}*_"])
async def test_shows_the_packet_byte_for_byte(hass: HomeAssistant, account: ConfigEntry, stream_id: str) -> None:
    power, energy = meter(hass, "power", "1.25", "kW"), meter(hass, "energy", "8652.238", "kWh")
    preview = await _preview(hass, account, {"aP_1": [power], "pC_1": [energy]}, stream_id=stream_id)
    packet = Packet(stream_id, BOUNDARY.astimezone(ZoneInfo("Europe/Rome")), {"aP_1": 1250, "pC_1": 8652238})
    assert preview["packet"] == verbatim(packet.encode().decode())
    fence = preview["packet"][: len(preview["packet"]) - len(preview["packet"].lstrip("`"))]
    assert preview["packet"].removeprefix(fence).removesuffix(fence).strip() == packet.encode().decode()
    assert fence not in packet.encode().decode()


async def test_says_what_the_values_of_this_moment_stand_for(hass: HomeAssistant, account: ConfigEntry) -> None:
    power, energy = meter(hass, "power", "1", "W"), meter(hass, "energy", "5", "Wh")
    silent = meter(hass, "silent", "unknown", "A")
    parameters = {"aP_1": [power], "c_1": [silent], "pC_1": [energy]}
    notes = (await _preview(hass, account, parameters))["notes"]
    assert "stands for the mean over the interval: aP_1." in notes
    assert "Sent as meter readings, which start at the value that the entities have now: pC_1." in notes
    preview = await _preview(hass, account, parameters, method="latest", reading="interval")
    assert '"aP_1":1,"pC_1":0}' in preview["packet"]
    assert preview["notes"] == ("Counted from this moment on, so 0 stands for what they will have risen by: pC_1.")


@pytest.mark.parametrize(
    ("changes", "sent", "note"),
    [
        ({}, 105, "go on from the last one that was sent: pC_1."),
        ({"parameters": {"pC_1": [{"source": "sensor.energy", "factor": 7}]}}, 105, "go on"),
        (
            {"parameters": {"pC_1": [{"source": "sensor.energy"}], "pC_2": [{"source": "sensor.two"}]}},
            105,
            "now: pC_2",
        ),
        ({"reading": "interval"}, 5, "So far risen by this since the last packet: pC_1."),
        ({"stream_id": "other"}, 5, "which start at the value that the entities have now: pC_1."),
    ],
)
async def test_counters_of_a_stream_at_work_go_on(
    hass: HomeAssistant,
    account: ConfigEntry,
    clock: FrozenDateTimeFactory,
    changes: dict[str, Any],
    sent: int,
    note: str,
) -> None:
    energy = meter(hass, "energy", "100", "Wh", last_reset="Monday")
    meter(hass, "two", "3", "Wh")
    data = _stream({"pC_1": [energy]})
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    assert await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done()
    clock.move_to(NOW + timedelta(seconds=1))
    meter(hass, "energy", "5", "Wh", last_reset="Tuesday")
    await hass.async_block_till_done()
    changed = _subentry({**data, **changes}, stream.subentry_id)
    previews = [await async_preview(hass, account, changed, NOW + timedelta(seconds=2)) for _ in range(2)]
    assert await hass.config_entries.async_unload(account.entry_id)
    assert previews[0] == previews[1]
    assert f'"pC_1":{sent}' in previews[0]["packet"]
    assert note in previews[0]["notes"]


async def test_a_momentary_value_stands_for_itself(hass: HomeAssistant, account: ConfigEntry) -> None:
    preview = await _preview(hass, account, {"value": [meter(hass, "heat", "20", "°C")]}, unit="°F")
    assert preview["notes"] == preview["advice"] == ""


async def test_shows_what_each_entity_becomes(hass: HomeAssistant, account: ConfigEntry) -> None:
    sources = [
        {"source": meter(hass, "one", "-0.75", "kW", friendly_name="One | *two*")},
        {"source": meter(hass, "two", "-1500.0", "W"), "factor": 1e-9},
        {"source": meter(hass, "three", "-1", "kW"), "factor": 0.5, "direction": "export"},
        {"source": meter(hass, "four", "-1", "kW"), "direction": "import"},
    ]
    broken, bare = meter(hass, "broken", "1", "K"), meter(hass, "bare", "1")
    silent = registered(hass, "silent", unit_of_measurement="mV")
    preview = await _preview(
        hass, account, {"aP_1": sources, "c_1": [broken], "c_2": [bare], "v_1": [silent.id], "v_2": ["sensor.no"]}
    )
    assert _values(preview) == [
        "**aP\\_1:** -0.75 kW, sent as -750 W<br>One \\| \\*two\\* (sensor.one)",
        "**aP\\_1:** -1500.0 W \N{MULTIPLICATION SIGN} 0.000000001, sent as -0.000002 W<br>two (sensor.two)",
        "**aP\\_1:** -1 kW \N{MULTIPLICATION SIGN} 0.5, export only, sent as 500 W<br>three (sensor.three)",
        "**aP\\_1:** -1 kW, import only, sent as 0 W<br>four (sensor.four)",
        "**v\\_1:** mV, sent as V<br>silent (sensor.silent)",
        "**v\\_2:** <br>sensor.no",
        "**c\\_1:** K<br>broken (sensor.broken)",
        "**c\\_2:** <br>bare (sensor.bare)",
    ]


@pytest.mark.parametrize(
    ("state", "unit", "becomes"),
    [("17", None, "17, sent as 17"), ("3", "people", "3 people, sent as 3"), ("unknown", "people", "people")],
)
async def test_shows_what_goes_as_it_is(
    hass: HomeAssistant, account: ConfigEntry, state: str, unit: str | None, becomes: str
) -> None:
    preview = await _preview(hass, account, {"value": [meter(hass, "some", state, unit)]}, unit="as_is")
    assert _values(preview) == [f"**value:** {becomes}<br>some (sensor.some)"]


async def test_a_value_is_too_old_at_this_moment_not_at_the_boundary(
    hass: HomeAssistant, account: ConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    power = meter(hass, "power", "1", "W")
    for seconds, missing in ((60, False), (61, True)):
        clock.move_to(NOW + timedelta(seconds=seconds))
        stream = _stream({"aP_1": [power]}, maximum_age=60)
        preview = await async_preview(hass, account, _subentry(stream), NOW + timedelta(seconds=seconds))
        assert ("has not reported for longer" in preview["missing"]) is missing


@pytest.mark.parametrize(
    ("codes", "advice"),
    [
        (["aP_1"], "Active power is mapped, but no energy."),
        (["pC_1"], "Energy is mapped, but no active power"),
        (["aP_2", "pC_1"], ""),
        (["v_1"], ""),
    ],
)
async def test_warns_of_what_wattics_lacks(
    hass: HomeAssistant, account: ConfigEntry, codes: list[str], advice: str
) -> None:
    units = {"aP": "W", "pC": "Wh", "v": "V"}
    parameters = {code: [meter(hass, code.lower(), "1", units[code.partition("_")[0]])] for code in codes}
    said = (await _preview(hass, account, parameters))["advice"]
    assert advice in said
    assert bool(said) is bool(advice)


async def _let_it_rise(
    hass: HomeAssistant, clock: FrozenDateTimeFactory, entity_id: str, *gaps: float, text: str | None = None
) -> None:
    """Change an entity, and again after each of the gaps, which end just before NOW."""
    moment = NOW - timedelta(seconds=sum(gaps) + 1)
    for number, gap in enumerate([*gaps, 0]):
        clock.move_to(moment)
        meter(hass, entity_id, text if text and number % 2 else str(number), "kWh")
        await hass.async_block_till_done()
        moment += timedelta(seconds=gap)
    await get_instance(hass).async_block_till_done()
    clock.move_to(NOW)


async def _advice(hass: HomeAssistant, account: ConfigEntry, *entities: str, **settings: Any) -> list[str]:
    parameters = {"aP_1": [meter(hass, "power", "1", "W")], "pC_1": list(entities)}
    said = (await _preview(hass, account, parameters, **settings))["advice"]
    return [line for line in said.splitlines() if line.startswith("- ")]


@pytest.mark.parametrize(
    ("gaps", "minutes"),
    [
        ([750, 750, 750, 750], "12.5"),
        ([360, 30000, 360, 360, 360], "6"),
        ([300, 300, 300, 300], None),
        ([60, 60, 40000, 60, 60], None),
    ],
)
async def test_warns_of_a_counter_that_rises_too_seldom(
    recorder_mock: Recorder,  # noqa: ARG001
    hass: HomeAssistant,
    account: ConfigEntry,
    clock: FrozenDateTimeFactory,
    gaps: list[float],
    minutes: str | None,
) -> None:
    await _let_it_rise(hass, clock, "sensor.energy_meter", *gaps)
    advice = await _advice(hass, account, "sensor.energy_meter")
    if minutes is None:
        assert advice == []
        return
    assert advice[0].startswith(
        f"- pC_1: energy meter (sensor.energy\\_meter) changes about every {minutes} minutes,"
        " the interval is 5 minutes."
    )


async def test_a_state_that_is_no_number_is_no_change(
    recorder_mock: Recorder,  # noqa: ARG001
    hass: HomeAssistant,
    account: ConfigEntry,
    clock: FrozenDateTimeFactory,
) -> None:
    await _let_it_rise(hass, clock, "sensor.energy", *[200] * 12, text="unavailable")
    assert "changes about every 6.7 minutes" in (await _advice(hass, account, "sensor.energy"))[0]


async def test_says_nothing_of_a_counter_of_which_little_is_known(
    recorder_mock: Recorder,  # noqa: ARG001
    hass: HomeAssistant,
    account: ConfigEntry,
    clock: FrozenDateTimeFactory,
) -> None:
    await _let_it_rise(hass, clock, "sensor.energy", 2000, 2000, 2000)
    assert await _advice(hass, account, "sensor.energy", meter(hass, "new", "1", "kWh")) == []


@pytest.mark.parametrize(("seconds", "warns"), [(320, False), (400, True)])
async def test_without_history_tells_how_long_a_counter_has_been_silent(
    hass: HomeAssistant, account: ConfigEntry, clock: FrozenDateTimeFactory, seconds: int, warns: bool
) -> None:
    clock.move_to(NOW - timedelta(seconds=seconds))
    energy = meter(hass, "energy", "5", "kWh")
    clock.move_to(NOW)
    advice = await _advice(hass, account, energy, "sensor.gone")
    assert [line.partition(",")[0] for line in advice] == (
        ["- pC_1: energy (sensor.energy) has not reported for 6.7 minutes"] if warns else []
    )


async def test_goes_without_a_history_that_is_broken(
    recorder_mock: Recorder,  # noqa: ARG001
    hass: HomeAssistant,
    account: ConfigEntry,
    clock: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await _let_it_rise(hass, clock, "sensor.energy", 750, 750, 750, 750)
    assert await _advice(hass, account, "sensor.energy")

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, Exception("no disk"))

    with monkeypatch.context() as patch:
        patch.setattr(history, "state_changes_during_period", fail)
        assert await _advice(hass, account, "sensor.energy") == []


def _last_packet(collector: Collector, instant: datetime) -> None:
    collector.inject(ReadBack(Packet("main", instant, {"aP_1": 1}).encode()))


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(hours=1), None),
        (timedelta(minutes=19), "Something else seems to send"),
        (-timedelta(seconds=1), "That is in the future"),
    ],
)
async def test_says_if_somebody_else_feeds_the_stream(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector, age: timedelta, said: str | None
) -> None:
    _last_packet(collector, NOW - age)
    answer = (await _preview(hass, account, {"aP_1": [meter(hass, "power", "1", "W")]}))["wattics"]
    assert f"{(NOW - age).astimezone(ZoneInfo('Europe/Rome')):%Y-%m-%d %H:%M:%S}+01:00" in answer
    assert ("ha-alert" in answer) is (said is not None)
    assert (said or "") in answer


async def test_a_stream_of_our_own_is_fed_by_us(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector
) -> None:
    parameters = {"aP_1": [meter(hass, "power", "1", "W")]}
    add_stream(hass, account, SUBENTRY_ELECTRICITY, _stream(parameters))
    _last_packet(collector, NOW - timedelta(minutes=1))
    assert "ha-alert" not in (await _preview(hass, account, parameters))["wattics"]


@pytest.mark.parametrize(("minutes", "strange"), [(0, False), (1, True)])
async def test_a_packet_of_our_stream_that_we_did_not_make(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector, minutes: int, strange: bool
) -> None:
    parameters = {"aP_1": [meter(hass, "power", "1", "W")]}
    add_stream(hass, account, SUBENTRY_ELECTRICITY, _stream(parameters))
    assert await hass.config_entries.async_setup(account.entry_id)
    await hass.async_block_till_done()
    ours = NOW - timedelta(minutes=30)
    _last_packet(collector, ours + timedelta(minutes=minutes))
    before = (await _preview(hass, account, parameters))["wattics"]
    await account.runtime_data.outbox.append([Packet("main", ours, {"aP_1": 1})])
    _last_packet(collector, ours + timedelta(minutes=minutes))
    after = (await _preview(hass, account, parameters))["wattics"]
    assert await hass.config_entries.async_unload(account.entry_id)
    assert "ha-alert" not in before
    assert ("Something else" in after) is strange


def test_texts_of_the_user_are_shown_as_they_are() -> None:
    assert literal("a_b*c\n| <script> `x` [y](z) # ~ \\") == (
        "a\\_b\\*c \\| \\<script\\> \\`x\\` \\[y\\](z) \\# \\~ \\\\"
    )
