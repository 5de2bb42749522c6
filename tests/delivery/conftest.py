"""A loop whose time can be skipped for every test of delivery."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from .clocks import SkippingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run these tests on a loop whose time they can move on."""
    return {"skipping": SkippingLoop}


@pytest.fixture(autouse=True)
async def _skipping_loop(configure_event_loop: None) -> None:  # noqa: ARG001 - it comes before
    """Let the loop's own time be in force: the plugin, like Home Assistant, replaces it by the machine's."""
    vars(asyncio.get_running_loop()).pop("time", None)
