"""What all tests share."""

import pytest


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where a test starts one, load the integration of this repository."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
