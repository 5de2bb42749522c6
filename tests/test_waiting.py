"""What flows ask and decide of waiting packets: the same whether the account is loaded or not."""

from homeassistant.core import CoreState
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.delivery.errors import OutboxError
from custom_components.wattics.waiting import (
    async_count_waiting,
    async_discard_waiting,
    async_plan_move,
    async_withdraw_move,
)
from tests.collector import Status

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")
OTHER = key_of("other")


@pytest.fixture(params=[True, False], ids=["loaded", "not loaded"])
async def entry(home: Home, request: pytest.FixtureRequest) -> MockConfigEntry:
    """Return an account with 2 packets waiting of each of its two streams."""
    await home.collector.stop()
    home.set("sensor.power", 1)
    account = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    if not request.param:
        await home.unload(account)
    return account


async def test_counts(home: Home, entry: MockConfigEntry) -> None:
    assert await async_count_waiting(home.hass, entry) == 4
    assert await async_count_waiting(home.hass, entry, "main") == 2
    assert await async_count_waiting(home.hass, entry, "nobody") == 0


async def test_counts_those_that_are_still_to_come(home: Home, entry: MockConfigEntry) -> None:
    await async_plan_move(home.hass, entry, "main", "new")
    assert await async_count_waiting(home.hass, entry, "new") == 2


async def test_discards_one_stream(home: Home, entry: MockConfigEntry) -> None:
    await async_discard_waiting(home.hass, entry, "main")
    assert await async_count_waiting(home.hass, entry, "main") == 0
    assert await async_count_waiting(home.hass, entry) == 2


async def test_discards_all(home: Home, entry: MockConfigEntry) -> None:
    await async_discard_waiting(home.hass, entry, None)
    assert await async_count_waiting(home.hass, entry) == 0


async def test_a_plan_that_is_not_carried_out_changes_nothing(home: Home, entry: MockConfigEntry) -> None:
    await async_plan_move(home.hass, entry, "main", "new")
    await home.collector.start()
    if entry.update_listeners:
        await home.press(ACCOUNT, "retry")
    else:
        await home.load(entry)
    await home.until("12:03:30")
    assert home.instants("main") == home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


async def test_a_plan_is_withdrawn(home: Home, entry: MockConfigEntry) -> None:
    await async_plan_move(home.hass, entry, "main", "new")
    await async_withdraw_move(home.hass, entry, "main")
    assert await async_count_waiting(home.hass, entry, "new") == 0
    home.change_stream(entry, MAIN, stream_id="new")
    if not entry.update_listeners:
        await home.load(entry)
    await home.settle()
    assert entry.runtime_data.queued == 2


@pytest.mark.parametrize("state", [CoreState.not_running, CoreState.running])
async def test_a_plan_whose_change_was_not_stored_is_withdrawn_at_the_start(
    home: Home, entry: MockConfigEntry, state: CoreState
) -> None:
    """Home Assistant ended before it stored what a dialog had changed: all is as before, as the user sees."""
    await async_plan_move(home.hass, entry, "main", "new")
    await async_plan_move(home.hass, entry, home.collector.url, "https://example.com/")
    if entry.update_listeners:
        await home.unload(entry)
    home.hass.set_state(state)
    account = await home.load(entry)
    home.hass.set_state(CoreState.running)
    plans = {"main": "new", home.collector.url: "https://example.com/"}
    assert account.outbox.moves == (plans if state is CoreState.running else {})


async def test_a_plan_whose_change_was_stored_is_carried_out_at_the_start(
    home: Home, entry: MockConfigEntry
) -> None:
    for source, key, target in (("other", OTHER, "third"), ("main", MAIN, "other")):
        await async_plan_move(home.hass, entry, source, target)
        if entry.update_listeners:
            await home.unload(entry)
        home.change_stream(entry, key, stream_id=target)
    home.hass.set_state(CoreState.not_running)
    account = await home.load(entry)
    home.hass.set_state(CoreState.running)
    assert account.outbox.moves == {}
    assert {stream_id: record.queued for stream_id, record in account.outbox.streams.items()} == {
        "third": 2,
        "other": 2,
    }


async def test_rejected_packets_go_too(home: Home) -> None:
    home.collector.inject(Status(400, times=3, method="POST"))
    home.set("sensor.power", 1)
    account = await home.start(stream())
    await home.until("12:03:30")
    assert home.shown(MAIN, "rejected") == ["1"]
    assert await async_count_waiting(home.hass, account, "main") == 1
    await async_discard_waiting(home.hass, account, "main")
    assert await async_count_waiting(home.hass, account, "main") == 0


async def test_what_was_discarded_is_not_shown_any_more(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    account = await home.start(stream())
    await home.until("12:02:30")
    assert home.shown(MAIN, "queued", "status") == ["2", "retrying"]
    await async_discard_waiting(home.hass, account, "main")
    assert home.shown(MAIN, "status") == ["waiting"]
    await home.pass_time(11)
    assert home.shown(MAIN, "queued") == ["0"]


async def test_nothing_is_decided_with_a_file_that_can_not_be_opened(home: Home) -> None:
    home.folder.parent.mkdir()
    home.folder.touch()
    account = home.add_account(stream())
    with pytest.raises(OutboxError):
        await async_count_waiting(home.hass, account)
    await home.threads_ended()
