"""What all tests share."""

import pytest

# Before the test plugin puts a package of the same name first on the path.
import custom_components.wattics  # noqa: F401


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant, where a test starts one, load the integration of this repository."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
