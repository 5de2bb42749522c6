"""What an account knows of itself, beyond what its entities' own tests show."""

import pytest

from custom_components.wattics.account import async_loaded_accounts

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


async def test_only_accounts_at_work_are_found(home: Home) -> None:
    assert async_loaded_accounts(home.hass) == []
    first = await home.start(stream())
    second = await home.start(stream("other"), entry_id="second", username="bob")
    assert async_loaded_accounts(home.hass) == [first.runtime_data, second.runtime_data]
    await home.unload(first)
    assert async_loaded_accounts(home.hass) == [second.runtime_data]


async def test_figures_of_streams_that_are_gone_still_count(home: Home) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    home.remove_stream(entry, MAIN)
    await home.until("12:03:30")
    assert home.shown(ACCOUNT, "pushed") == ["5"]
    await home.unload(entry)
    await home.load(entry)
    assert home.shown(ACCOUNT, "pushed") == ["5"]


async def test_accounts_do_not_disturb_each_other(home: Home) -> None:
    home.collector.accounts["bob"] = "other"
    await home.start(stream(), password="wrong")
    await home.start(stream("other"), entry_id="second", username="bob", password="other")
    await home.until("12:02:30")
    assert home.shown(MAIN, "status") == ["unauthorized"]
    assert home.shown(key_of("other"), "status", "pushed") == ["ok", "2"]
    assert home.shown("second", "connected") == ["on"]


async def test_an_account_without_streams_is_well(home: Home) -> None:
    await home.start()
    await home.until("12:05:30")
    assert home.shown(ACCOUNT, "queued", "pushed", "connected") == ["0", "0", "unknown"]
    assert home.collector.statistics.requests == []


async def test_completeness_of_a_changed_interval(home: Home) -> None:
    entry = await home.start(stream())
    await home.until("12:10:30")
    home.change_stream(entry, MAIN, interval=300)
    await home.until("12:31:30")
    completeness = entry.runtime_data.completeness(MAIN)
    assert completeness is not None
    assert completeness <= 100
