"""An outbox and an uploader at work in this process, for measurements."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from custom_components.wattics.delivery.client import Client
from custom_components.wattics.delivery.clock import LoopClock
from custom_components.wattics.delivery.outbox import Outbox, OutboxThread
from custom_components.wattics.delivery.uploader import Uploader

from .agent import session
from .lines import PASSWORD, USER


@asynccontextmanager
async def opened(path: Path, url: str) -> AsyncGenerator[Outbox]:
    """Open an outbox."""
    thread = OutboxThread()
    outbox = Outbox(thread, path, url)
    try:
        await outbox.open()
        yield outbox
    finally:
        await outbox.close()
        thread.stop()


@asynccontextmanager
async def uploading(outbox: Outbox, url: str, connections: int = 4) -> AsyncGenerator[Uploader]:
    """Send what is in an outbox until the end of the block."""
    async with session() as open_session:
        uploader = Uploader(
            outbox,
            Client(open_session, url, USER, PASSWORD),
            connections=connections,
            clock=LoopClock(),
            random=Random(),  # noqa: S311 - spreads retries, keeps no secret
            on_change=lambda _: None,
            on_unauthorized=lambda: None,
        )
        upload = asyncio.create_task(uploader.run())
        try:
            yield uploader
        finally:
            uploader.stop()
            upload.cancel()
            await asyncio.wait([upload])
            await uploader.close()
