"""What all tests share."""

import os

import pytest

# Before the test plugin puts a package of the same name first on the path.
import custom_components.wattics  # noqa: F401


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where a test starts one, load the integration of this repository."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a skipped test fail where the suite decides whether a change may land."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
