"""Adding an account, signing in again, changing it, and its options."""

from collections.abc import AsyncGenerator
import gc
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.const import DOMAIN, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.client import DEMO_URL, PRODUCTION_URL
from custom_components.wattics.waiting import async_plan_move
from tests.collector import Collector, Fault, Reset, Status
from tests.flows.dialog import Dialog
from tests.flows.meters import add_stream, let_packets_wait, planned_moves, waiting

SIGN_IN = {"username": "ada", "password": "secret"}


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a folder of its own for the outboxes."""
    return hass_tmp_config_dir


@pytest.fixture
async def collector(socket_enabled: None) -> AsyncGenerator[Collector]:  # noqa: ARG001
    """Run a collector that knows two users."""
    async with Collector(accounts={"ada": "secret", "bob": "other"}) as running:
        yield running


def _account(hass: HomeAssistant, url: str, username: str = "ada", **changes: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        **{
            "domain": DOMAIN,
            "title": f"{username} (127.0.0.1)",
            "data": {"url": url, "username": username, "password": "secret"},
            "unique_id": f"{url} {username}",
            **changes,
        }
    )
    entry.add_to_hass(hass)
    return entry


async def _load(hass: HomeAssistant, entry: ConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_adds_an_account(hass: HomeAssistant, collector: Collector) -> None:
    dialog = await Dialog.account(hass)
    assert dialog.shown == {"url": "production"}
    url = collector.url.removesuffix("/")
    result = await dialog.submit(url=f" {url}", **SIGN_IN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert (entry.version, entry.title) == (1, "ada (127.0.0.1)")
    assert entry.data == {"url": collector.url, **SIGN_IN}
    assert entry.unique_id == f"{collector.url} ada"
    assert entry.options == {}
    (check,) = collector.statistics.requests
    assert (check.method, check.stream, check.challenged) == ("GET", None, False)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(("choice", "url"), [("production", PRODUCTION_URL), ("demo", DEMO_URL)])
async def test_knows_the_environments_by_name(hass: HomeAssistant, choice: str, url: str) -> None:
    _account(hass, url)
    for typed in (choice, url):
        dialog = await Dialog.account(hass)
        assert (await dialog.submit(url=typed, **SIGN_IN))["reason"] == "already_configured"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "wattics",
        "http://collector.example/",
        "ftp://collector.example/",
        "https://ada:secret@collector.example/",
        "https://collector.example/?a=b",
        "https://collector.example/#a",
        "https://collector.example:99999/",
    ],
)
async def test_refuses_a_url_and_keeps_what_was_typed(hass: HomeAssistant, url: str) -> None:
    dialog = await Dialog.account(hass)
    await dialog.submit(url=url, **SIGN_IN)
    assert (dialog.step, dialog.errors) == ("user", {"url": "invalid_url"})
    assert dialog.shown == {"url": url, **SIGN_IN}


@pytest.mark.parametrize(
    ("typed", "fault", "error"),
    [
        ({"password": "wrong"}, None, "invalid_auth"),
        ({"username": "a:da"}, None, "invalid_auth"),
        ({}, Status(401), "invalid_auth"),
        ({}, Status(500), "cannot_connect"),
        ({}, Status(429), "cannot_connect"),
        ({}, Status(302), "cannot_connect"),
        ({}, Reset(times=None), "cannot_connect"),
    ],
)
async def test_tries_the_credentials(
    hass: HomeAssistant, collector: Collector, typed: dict[str, str], fault: Fault | None, error: str
) -> None:
    if fault:
        collector.inject(fault)
    dialog = await Dialog.account(hass)
    data = {"url": collector.url, **SIGN_IN, **typed}
    await dialog.submit(**data)
    assert (dialog.step, dialog.errors) == ("user", {"base": error})
    assert dialog.shown == data

    collector.clear_faults()
    assert (await dialog.submit(**SIGN_IN))["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(hass.config_entries.async_entries(DOMAIN)[0].entry_id)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_any_other_answer_says_that_the_credentials_are_right(
    hass: HomeAssistant, collector: Collector, status: int
) -> None:
    collector.inject(Status(status))
    dialog = await Dialog.account(hass)
    result = await dialog.submit(url=collector.url, **SIGN_IN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_says_when_nobody_answers(hass: HomeAssistant, collector: Collector) -> None:
    await collector.stop()
    dialog = await Dialog.account(hass)
    await dialog.submit(url=collector.url, **SIGN_IN)
    assert dialog.errors == {"base": "cannot_connect"}


async def test_logs_what_it_does_not_understand(
    hass: HomeAssistant, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    dialog = await Dialog.account(hass)
    # Half a character: it can't be encoded.
    result = await hass.config_entries.flow.async_configure(
        dialog.page["flow_id"], {"url": collector.url, "username": "ada", "password": "\ud800"}
    )
    assert result["errors"] == {"base": "unknown"}
    assert "Unexpected error while checking the credentials" in caplog.text
    assert "UnicodeEncodeError" in caplog.text


async def test_an_account_is_added_once(hass: HomeAssistant, collector: Collector) -> None:
    _account(hass, collector.url)
    dialog = await Dialog.account(hass)
    assert (await dialog.submit(url=collector.url, **SIGN_IN))["reason"] == "already_configured"
    dialog = await Dialog.account(hass)
    result = await dialog.submit(url=collector.url, username="bob", password="other")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_dialog_left_open_keeps_nobody_out(hass: HomeAssistant, collector: Collector) -> None:
    forgotten = await Dialog.account(hass)
    await forgotten.submit(url=collector.url, username="ada", password="wrong")
    dialog = await Dialog.account(hass)
    result = await dialog.submit(url=collector.url, **SIGN_IN)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_leaves_no_session_open(
    hass: HomeAssistant, collector: Collector, recwarn: pytest.WarningsRecorder
) -> None:
    dialog = await Dialog.account(hass)
    await dialog.submit(url=collector.url, username="ada", password="wrong")
    gc.collect()
    assert not [warning for warning in recwarn if "Unclosed" in str(warning.message)]


async def test_signs_in_again(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url)
    await _load(hass, entry)
    collector.accounts["ada"] = "changed"
    dialog = await Dialog.reauth(hass, entry)
    assert (dialog.step, dialog.shown) == ("reauth_confirm", {"username": "ada"})
    assert dialog.texts == {"host": "127.0.0.1", "name": "ada (127.0.0.1)"}
    await dialog.submit(password="secret")
    assert dialog.errors == {"base": "invalid_auth"}
    assert dialog.shown == SIGN_IN
    assert (await dialog.submit(password="changed"))["reason"] == "reauth_successful"
    assert entry.data == {"url": collector.url, "username": "ada", "password": "changed"}
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_signs_in_as_another_user(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url)
    dialog = await Dialog.reauth(hass, entry)
    await dialog.submit(username="bob", password="other")
    assert entry.unique_id == f"{collector.url} bob"
    assert entry.title == "bob (127.0.0.1)"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_does_not_sign_in_as_another_account(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url)
    _account(hass, collector.url, "bob")
    dialog = await Dialog.reauth(hass, entry)
    result = await dialog.submit(username="bob", password="other")
    assert result["reason"] == "already_configured"
    assert entry.data["username"] == "ada"


@pytest.mark.parametrize("password", ["secret", "changed"])
async def test_starts_an_account_that_failed_to_load(
    hass: HomeAssistant, collector: Collector, password: str
) -> None:
    entry = _account(hass, collector.url, state=ConfigEntryState.SETUP_ERROR)
    collector.accounts["ada"] = password
    dialog = await Dialog.reauth(hass, entry)
    assert (await dialog.submit(password=password))["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(("password", "reloads"), [("secret", True), ("changed", False)])
async def test_reloads_only_where_no_listener_hears_of_the_change(
    hass: HomeAssistant,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
    password: str,
    reloads: bool,
) -> None:
    entry = _account(hass, collector.url)
    await _load(hass, entry)
    before = entry.runtime_data
    collector.accounts["ada"] = password
    dialog = await Dialog.reauth(hass, entry)
    await dialog.submit(password=password)
    await hass.async_block_till_done()
    assert (entry.runtime_data is not before) is reloads
    assert "update listener" not in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_shows_the_account_that_is_changed(hass: HomeAssistant, collector: Collector) -> None:
    dialog = await Dialog.reconfigure(hass, _account(hass, collector.url))
    assert dialog.step == "reconfigure"
    assert dialog.shown == {"url": collector.url, "username": "ada"}
    dialog = await Dialog.reconfigure(hass, _account(hass, PRODUCTION_URL))
    assert dialog.shown == {"url": "production", "username": "ada"}


async def test_keeps_the_password_that_is_not_typed(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url, title="My own name")
    dialog = await Dialog.reconfigure(hass, entry)
    await dialog.submit(username="bob")
    assert dialog.errors == {"base": "invalid_auth"}
    assert dialog.shown == {"url": collector.url, "username": "bob"}
    collector.accounts["bob"] = "secret"
    assert (await dialog.submit(password=""))["reason"] == "reconfigure_successful"
    assert entry.data == {"url": collector.url, "username": "bob", "password": "secret"}
    assert (entry.unique_id, entry.title) == (f"{collector.url} bob", "My own name")
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_refuses_a_change_that_does_not_work(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url)
    _account(hass, collector.url, "bob")
    dialog = await Dialog.reconfigure(hass, entry)
    await dialog.submit(url="nowhere", username="eve")
    assert dialog.errors == {"url": "invalid_url"}
    assert dialog.shown == {"url": "nowhere", "username": "eve"}
    result = await dialog.submit(url=collector.url, username="bob", password="other")
    assert result["reason"] == "already_configured"
    assert entry.data == {"url": collector.url, **SIGN_IN}


@pytest.mark.parametrize(("choice", "left"), [("move", {"main": 3}), ("discard", {})])
@pytest.mark.parametrize("loaded", [False, True])
async def test_asks_what_becomes_of_waiting_packets(
    hass: HomeAssistant, collector: Collector, choice: str, left: dict[str, int], loaded: bool
) -> None:
    async with Collector(accounts={"ada": "secret"}) as old:
        entry = _account(hass, old.url)
    add_stream(
        hass, entry, SUBENTRY_SINGLE_VALUE, {"parameters": {"value": [{"source": "sensor.gas"}]}, "unit": "L"}
    )
    await let_packets_wait(hass, entry, "main", 3)
    if loaded:
        await _load(hass, entry)
    dialog = await Dialog.reconfigure(hass, entry)
    await dialog.submit(url=collector.url)
    assert (dialog.step, dialog.shown) == ("waiting", {"packets": "move"})
    assert dialog.texts == {"count": "3", "old": "127.0.0.1", "new": "127.0.0.1"}
    collector.inject(Status(503, times=None))
    assert (await dialog.submit(packets=choice))["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["url"] == collector.url
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await waiting(hass, entry) == left


@pytest.mark.parametrize("packets", [0, 3])
async def test_a_plan_of_an_earlier_dialog_is_not_kept(
    hass: HomeAssistant, collector: Collector, packets: int
) -> None:
    """Home Assistant ended before that dialog's change was stored."""
    async with Collector(accounts={"ada": "secret"}) as old:
        entry = _account(hass, old.url)
    await let_packets_wait(hass, entry, "main", packets)
    await async_plan_move(hass, entry, old.url, "https://example.com/")
    dialog = await Dialog.reconfigure(hass, entry)
    result = await dialog.submit(url=collector.url)
    if packets:
        result = await dialog.submit(packets="discard")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await planned_moves(hass, entry) == {}


@pytest.mark.parametrize("choice", ["move", "discard"])
async def test_an_address_that_another_dialog_took_meanwhile(
    hass: HomeAssistant, collector: Collector, choice: str
) -> None:
    """Nothing is changed, and so nothing becomes of the packets."""
    async with Collector(accounts={"ada": "secret"}) as old:
        entry = _account(hass, old.url)
    await let_packets_wait(hass, entry, "main", 3)
    dialog = await Dialog.reconfigure(hass, entry)
    await dialog.submit(url=collector.url)
    assert dialog.step == "waiting"
    _account(hass, collector.url)
    assert (await dialog.submit(packets=choice))["reason"] == "already_configured"
    assert entry.data["url"] == old.url
    assert await waiting(hass, entry) == {"main": 3}
    assert await planned_moves(hass, entry) == {}


async def test_does_not_ask_without_waiting_packets(hass: HomeAssistant, collector: Collector) -> None:
    async with Collector(accounts={"ada": "secret"}) as old:
        entry = _account(hass, old.url)
    dialog = await Dialog.reconfigure(hass, entry)
    assert (await dialog.submit(url=collector.url))["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_does_not_ask_when_the_url_stays(hass: HomeAssistant, collector: Collector) -> None:
    entry = _account(hass, collector.url)
    await let_packets_wait(hass, entry, "main", 3)
    collector.inject(Status(503, times=None, method="POST"))
    dialog = await Dialog.reconfigure(hass, entry)
    result = await dialog.submit(username="bob", password="other")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


async def _settings(hass: HomeAssistant, entry: ConfigEntry) -> Dialog:
    dialog = await Dialog.options(hass, entry)
    return await dialog.choose("settings")


async def test_options_have_defaults(hass: HomeAssistant) -> None:
    entry = _account(hass, PRODUCTION_URL)
    dialog = await _settings(hass, entry)
    assert dialog.shown == {"keep_days": 90, "max_megabytes": 1024, "connections": 4}
    await dialog.submit()
    assert entry.options == {"keep_days": 90, "max_megabytes": 1024, "connections": 4}


async def test_options_tell_for_how_long_there_is_room(hass: HomeAssistant) -> None:
    entry = _account(hass, PRODUCTION_URL, options={"max_megabytes": 100})
    assert (await _settings(hass, entry)).texts == {"a_day": "0.0", "max_megabytes": "100", "days": "?"}
    for number in range(10):
        stream = {"stream_id": f"s{number}", "parameters": {"value": [{"source": "sensor.gas"}]}, "unit": "L"}
        add_stream(hass, entry, SUBENTRY_SINGLE_VALUE, {**stream, "interval": 5})
    body = b'{"id":"s0","tsISO8601":"2026-11-23T00:00:00.000+00:00","value":12345.6}'
    a_day = 10 * (len(body) + 64) * 86_400 / 5 / 1_000_000
    texts = (await _settings(hass, entry)).texts
    assert texts == {"a_day": f"{a_day:.1f}", "max_megabytes": "100", "days": f"{100 / a_day:.0f}"}


async def test_changes_options(hass: HomeAssistant) -> None:
    entry = _account(hass, PRODUCTION_URL, options={"connections": 8, "later": True})
    dialog = await _settings(hass, entry)
    assert dialog.shown["connections"] == 8
    await dialog.submit(keep_days=3650.0, max_megabytes=10)
    assert entry.options == {"keep_days": 3650, "max_megabytes": 10, "connections": 8, "later": True}
    assert all(type(entry.options[key]) is int for key in ("keep_days", "max_megabytes", "connections"))


@pytest.mark.parametrize(
    "typed",
    [
        {"keep_days": 0},
        {"keep_days": 3651},
        {"max_megabytes": 9},
        {"max_megabytes": 102401},
        {"connections": 0},
        {"connections": 17},
    ],
)
async def test_options_have_bounds(hass: HomeAssistant, typed: dict[str, int]) -> None:
    dialog = await _settings(hass, _account(hass, PRODUCTION_URL))
    with pytest.raises(InvalidData):
        await dialog.submit(**typed)
