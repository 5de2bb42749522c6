"""What flows ask and decide of waiting packets: the same whether the account is loaded or not."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.delivery.errors import OutboxError
from custom_components.wattics.waiting import async_count_waiting, async_discard_waiting, async_plan_move

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")


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
