"""Work that must not end: started again when it fails, and never in silence."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Final

_LOGGER = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 10


async def async_keep_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work until it ends by itself; if it fails, report that and start it again."""
    while True:
        try:
            await work()
        except Exception:
            _LOGGER.exception("%s failed and is started again. Please report this", name)
            await asyncio.sleep(AGAIN_SECONDS)
        else:
            return
