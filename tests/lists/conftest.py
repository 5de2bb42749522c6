"""An account that is not loaded, and the entities of a home."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.const import DOMAIN
from tests.flows.meters import meter, registered


@pytest.fixture
def account(hass: HomeAssistant) -> MockConfigEntry:
    """Return an account without streams."""
    entry = MockConfigEntry(
        domain=DOMAIN, title="ada", data={"url": "https://x.example/", "username": "ada", "password": "secret"}
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def entities(hass: HomeAssistant) -> None:
    """Let there be powers and meter readings, with and without a unique id, and no end of them."""
    for name in ("power", "t1", "t2"):
        meter(hass, name, "1", "kW" if name == "power" else "kWh")
    registered(hass, "grid", unit_of_measurement="W")
    meter(hass, "grid", "5", "W")
    meter(hass, "gas", "7", "m³", state_class="total_increasing")
    meter(hass, "people", "3")
    meter(hass, "mode", "eco")
