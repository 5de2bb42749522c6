"""An account and its collector, for the flows of streams."""

from collections.abc import AsyncGenerator

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.const import DOMAIN
from tests.collector import Collector


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test a folder of its own for the outboxes."""
    return hass_tmp_config_dir


@pytest.fixture
async def collector(socket_enabled: None) -> AsyncGenerator[Collector]:  # noqa: ARG001
    """Run a collector that knows one user."""
    async with Collector(accounts={"ada": "secret"}) as running:
        yield running


@pytest.fixture
def account(hass: HomeAssistant, collector: Collector) -> MockConfigEntry:
    """Return an account at the collector. It is not loaded: flows do without."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="ada (127.0.0.1)",
        data={"url": collector.url, "username": "ada", "password": "secret"},
        unique_id=f"{collector.url} ada",
    )
    entry.add_to_hass(hass)
    return entry
