"""What all tests share."""

from collections.abc import AsyncGenerator
import logging
import os
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

# Before the test plugin puts a package of the same name first on the path.
from custom_components.wattics.const import DOMAIN

from .collector import Collector
from .common import START, Home


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where a test starts one, load the integration of this repository."""
    if "recorder_mock" in request.fixturenames:
        # Its database has to be there before Home Assistant, and the test plugin has each of its queries printed.
        request.getfixturevalue("recorder_mock")
        logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture
async def home(
    hass: HomeAssistant,
    tmp_path: Path,
    freezer: FrozenDateTimeFactory,
    socket_enabled: None,  # noqa: ARG001
) -> AsyncGenerator[Home]:
    """Run Home Assistant with a folder of its own, in Rome, at 13:00:01, and a collector that knows one user."""
    hass.config.config_dir = str(tmp_path)
    await hass.config.async_set_time_zone("Europe/Rome")
    freezer.move_to(START)
    async with Collector(accounts={"ada": "secret"}) as collector:
        home = Home(hass, collector, freezer)
        yield home
        collector.clear_faults()
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            await home.unload(entry)
        await home.threads_ended()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a skipped test fail where the suite decides whether a change may land."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
