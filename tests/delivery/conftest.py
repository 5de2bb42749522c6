"""A loop whose time can be skipped for every test of delivery."""

import asyncio
from collections.abc import Callable, Mapping

from .clocks import SkippingLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run these tests on a loop whose time they can move on."""
    return {"skipping": SkippingLoop}
