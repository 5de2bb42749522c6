"""What the flows of all streams share: who a stream is, and what Wattics says of it before it is stored."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.flows import credentials
from custom_components.wattics.waiting import async_count_waiting, async_plan_move
from tests.collector import Collector, Fault, Hang, ReadBack, Reset, Status

from .dialog import Dialog
from .meters import add_stream, let_packets_wait, meter, run_for_a_moment, stored, waiting


async def _identity(hass: HomeAssistant, account: ConfigEntry, **typed: Any) -> Dialog:
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    await dialog.submit(**{"name": "Main", "stream_id": "main", **typed})
    return dialog


async def _confirm(hass: HomeAssistant, account: ConfigEntry) -> Dialog:
    dialog = await _identity(hass, account)
    await dialog.submit(active_power={"aP_1": [meter(hass, "power", "1", "W")]})
    assert dialog.step == "confirm"
    return dialog


@pytest.mark.parametrize(
    "stream_id", ["", " ", "a\tb", "a\nb", "a\u00a0b", "a\u200bb", "a\u2028b", "\x00", "\x7f", "\ud800", "x" * 256]
)
async def test_refuses_a_stream_id(hass: HomeAssistant, account: ConfigEntry, stream_id: str) -> None:
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    result = await hass.config_entries.subentries.async_configure(
        dialog.page["flow_id"], {"name": "Main", "stream_id": stream_id}
    )
    assert (result["step_id"], result["errors"]) == ("user", {"stream_id": "invalid_stream_id"})


@pytest.mark.parametrize("stream_id", ["x" * 255, "Zähler 1/β", "{id}"])
async def test_takes_a_stream_id(hass: HomeAssistant, account: ConfigEntry, stream_id: str) -> None:
    dialog = await _identity(hass, account, stream_id=stream_id)
    assert dialog.step == "parameters"


@pytest.mark.parametrize(
    "interval",
    [
        {"seconds": 0},
        {"seconds": 4},
        {"seconds": 7},
        {"minutes": 7},
        {"seconds": 5.5},
        {"hours": 24, "seconds": 1},
        {"days": 2},
        {"hours": 5},
    ],
)
async def test_refuses_an_interval(hass: HomeAssistant, account: ConfigEntry, interval: dict[str, float]) -> None:
    dialog = await _identity(hass, account, interval=interval)
    assert (dialog.step, dialog.errors) == ("user", {"interval": "invalid_interval"})
    assert dialog.shown == {"name": "Main", "stream_id": "main", "interval": interval}


@pytest.mark.parametrize(
    "interval", [{"seconds": 5}, {"seconds": 90}, {"hours": 24}, {"days": 1}, {"minutes": 1.5}, {"hours": 12}]
)
async def test_takes_an_interval(hass: HomeAssistant, account: ConfigEntry, interval: dict[str, float]) -> None:
    dialog = await _identity(hass, account, interval=interval)
    assert dialog.step == "parameters"


async def test_two_streams_of_an_account_need_two_ids(hass: HomeAssistant, account: ConfigEntry) -> None:
    add_stream(hass, account, SUBENTRY_SINGLE_VALUE, {"stream_id": "taken"})
    dialog = await _identity(hass, account, name="Mine", stream_id="taken", interval={"hours": 1})
    assert (dialog.step, dialog.errors) == ("user", {"stream_id": "already_configured"})
    assert dialog.shown == {"name": "Mine", "stream_id": "taken", "interval": {"hours": 1}}
    await dialog.submit(stream_id="free")
    assert dialog.step == "parameters"


async def test_an_id_that_was_taken_meanwhile(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _confirm(hass, account)
    add_stream(hass, account, SUBENTRY_SINGLE_VALUE, {"stream_id": "main"})
    assert (await dialog.submit())["reason"] == "already_configured"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Status(401, method="GET"), "no longer accepts the credentials"),
        (Status(403, method="GET"), "does not allow this account"),
        (Status(404, method="GET"), "doesn't know this stream"),
        (Status(400, method="GET"), "shows no packet of this stream yet"),
        (Status(503, method="GET"), "can't be reached"),
        (Status(302, method="GET"), "can't be reached"),
        (Reset(method="GET", times=None), "can't be reached"),
        (ReadBack(b""), "shows no packet of this stream yet"),
        (ReadBack(b"<html>"), "shows no packet of this stream yet"),
    ],
)
async def test_says_what_wattics_says(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector, fault: Fault, said: str
) -> None:
    collector.inject(fault)
    dialog = await _confirm(hass, account)
    assert said in dialog.texts["wattics"]
    assert collector.faults
    assert (await dialog.submit())["type"] is FlowResultType.CREATE_ENTRY


async def test_says_when_wattics_heard_last_of_the_stream(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector
) -> None:
    packet = Packet("main", datetime(2026, 11, 23, 14, 5, tzinfo=UTC), {"aP_1": 1})
    collector.inject(ReadBack(packet.encode()))
    dialog = await _confirm(hass, account)
    assert "2026-11-23 06:05:00-08:00" in dialog.texts["wattics"]


async def test_goes_on_without_a_connection(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector
) -> None:
    await collector.stop()
    dialog = await _confirm(hass, account)
    assert "can't be reached" in dialog.texts["wattics"]
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).unique_id == "main"


async def test_does_not_wait_long_for_an_answer(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert credentials.ANSWER_SECONDS == 10
    monkeypatch.setattr(credentials, "ANSWER_SECONDS", 0.1)
    injection = collector.inject(Hang())
    async with asyncio.timeout(5):
        dialog = await _confirm(hass, account)
    assert "can't be reached" in dialog.texts["wattics"]
    injection.release()


@pytest.mark.parametrize(("seconds", "warns"), [(30, True), (60, False)])
async def test_warns_of_an_interval_below_a_minute(
    hass: HomeAssistant, account: ConfigEntry, seconds: int, warns: bool
) -> None:
    dialog = await _identity(hass, account, interval={"seconds": seconds})
    await dialog.submit(active_power={"aP_1": [meter(hass, "power", "1", "W")]})
    assert ("below 1 minute" in dialog.texts["advice"]) is warns


async def test_says_why_a_parameter_is_left_out(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = meter(hass, "power", "1", "W")
    broken, bare, silent = (meter(hass, name, "1", "A") for name in ("broken", "bare", "silent"))
    gone = meter(hass, "gone", "1", "V")
    dialog = await _identity(hass, account)
    meter(hass, "silent", "unknown", "A")
    await dialog.submit(
        active_power={"aP_1": [power]},
        current={"c_1": [broken], "c_2": [bare], "c_3": [silent]},
        voltage={"v_1": [gone]},
    )
    meter(hass, "broken", "1", "K")
    meter(hass, "bare", "1")
    meter(hass, "silent", "x" * 50, "A")
    hass.states.async_remove(gone)
    page = await hass.config_entries.subentries.async_configure(dialog.page["flow_id"])
    assert (page["description_placeholders"] or {})["missing"].splitlines()[4:-2] == [
        "- v_1: sensor.gone doesn't exist or has not been loaded. Check it, or choose another.",
        "- c_1: broken (sensor.broken) is in K, which can't be converted to A.",
        "- c_2: bare (sensor.bare) has no unit, but one that can be converted to A is needed.",
        f"- c_3: silent (sensor.silent) has no number, its state is {'x' * 40}.",
    ]


async def test_asks_again_when_packets_began_to_wait(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector
) -> None:
    data = {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}}
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    await dialog.submit(stream_id="other")
    await dialog.submit()
    assert dialog.step == "confirm"
    await let_packets_wait(hass, account, "main", 1)
    await dialog.submit()
    assert dialog.step == "waiting"
    await dialog.submit()
    await dialog.submit()
    collector.inject(Status(503, times=None))
    await run_for_a_moment(hass, account)
    assert await waiting(hass, account) == {"other": 1}


async def test_a_plan_of_an_earlier_dialog_is_not_carried_out(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector
) -> None:
    """Home Assistant ended before that dialog's change was stored; now the user wants the packets discarded."""
    data = {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}}
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    await let_packets_wait(hass, account, "main", 1)
    await async_plan_move(hass, account, "main", "other")
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    await dialog.submit(stream_id="other")
    await dialog.submit()
    await dialog.submit(packets="discard")
    await dialog.submit()
    await let_packets_wait(hass, account, "main", 1)
    collector.inject(Status(503, times=None))
    await run_for_a_moment(hass, account)
    assert await waiting(hass, account) == {}


@pytest.mark.parametrize("choice", ["move", "discard"])
async def test_an_id_that_another_dialog_took_meanwhile(
    hass: HomeAssistant, account: ConfigEntry, choice: str
) -> None:
    """Nothing is changed, and so nothing becomes of the packets."""
    data = {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}}
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    await let_packets_wait(hass, account, "main", 2)
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    await dialog.submit(stream_id="other")
    await dialog.submit()
    await dialog.submit(packets=choice)
    add_stream(hass, account, SUBENTRY_ELECTRICITY, {**data, "stream_id": "other"})
    assert (await dialog.submit())["reason"] == "already_configured"
    assert await waiting(hass, account) == {"main": 2}
    assert await async_count_waiting(hass, account, "other") == 0


async def test_changes_nothing_while_waiting_packets_are_out_of_reach(
    hass: HomeAssistant, account: ConfigEntry
) -> None:
    data = {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}}
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    # A folder where the outbox's file should be.
    folder = Path(hass.config.path(".storage", "wattics", f"{account.entry_id}.db"))
    await hass.async_add_executor_job(partial(folder.mkdir, parents=True))
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    await dialog.submit(stream_id="other")
    assert (await dialog.submit())["reason"] == "storage_unusable"
    assert stored(account, SUBENTRY_ELECTRICITY).unique_id == "main"
