"""The account's device and those of its streams."""

from homeassistant.helpers import device_registry as dr
import pytest

from .common import ACCOUNT, Home, key_of, single_value, stream


async def test_each_stream_has_a_device_behind_the_accounts(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    entry = await home.start(stream(name="Main meter"), single_value("gas", "sensor.gas", unit="m³"))
    account = home.device(entry, ACCOUNT)
    assert account is not None
    assert (account.name, account.model, account.via_device_id) == ("ada (127.0.0.1)", "Account", None)
    devices = {key: home.device(entry, key_of(key)) for key in ("main", "gas")}
    expected = {"main": ("Main meter", "Electricity stream"), "gas": ("Gas", "Single-value stream")}
    for key, device in devices.items():
        assert device is not None
        assert (device.name, device.model) == expected[key]
        assert device.via_device_id == account.id
        assert device.config_subentry_id == key_of(key)
        assert (device.manufacturer, device.entry_type) == ("Wattics", dr.DeviceEntryType.SERVICE)
    assert "deprecat" not in caplog.text


async def test_a_changed_id_at_wattics_leaves_device_and_entities(home: Home) -> None:
    entry = await home.start(stream())
    key = key_of("main")
    before = home.device(entry, key), home.entity_id(key, "status")
    home.change_stream(entry, key, stream_id="new")
    await home.settle()
    after = home.device(entry, key), home.entity_id(key, "status")
    assert before[0] is not None
    assert after[0] is not None
    assert (before[0].id, before[1]) == (after[0].id, after[1])


async def test_two_accounts_keep_their_devices_apart(home: Home) -> None:
    first = await home.start(stream())
    second = await home.start(stream("other"), entry_id="second", username="bob")
    assert home.device(first, key_of("other")) is None
    device, account = home.device(second, key_of("other")), home.device(second, "second")
    assert device is not None
    assert account is not None
    assert device.via_device_id == account.id
