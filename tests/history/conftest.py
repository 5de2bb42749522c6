"""A recorder with a database on the disk."""

from collections.abc import AsyncGenerator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import RecorderInstanceContextManager

from tests.common import START, Home

from .past import Past
from .recording import BEGIN, Recording


@pytest.fixture
def persistent_database() -> bool:
    """Let the test look into the file by itself."""
    return True


@pytest.fixture
def mock_recorder_before_hass(async_test_recorder: RecorderInstanceContextManager) -> None:
    """Prepare the database before Home Assistant starts, as the test plugin wants it."""


@pytest.fixture
async def recorder(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, async_test_recorder: RecorderInstanceContextManager
) -> AsyncGenerator[Recorder]:
    """Run a recorder from `BEGIN` on, with the statistics of sensors."""
    freezer.move_to(BEGIN)
    async with async_test_recorder(hass, {"commit_interval": 3600}) as instance:
        assert await async_setup_component(hass, "sensor", {})
        await hass.async_block_till_done()
        yield instance


@pytest.fixture
def recording(hass: HomeAssistant, freezer: FrozenDateTimeFactory, recorder: Recorder) -> Recording:
    """Return what records states at times of the test's choice."""
    return Recording(hass, freezer, recorder)


@pytest.fixture
async def past(home: Home, recorder: Recorder) -> Past:
    """Run Home Assistant with a recorder from 13:00:01 on, and a collector."""
    home.clock.move_to(START)
    return Past(home, recorder)
