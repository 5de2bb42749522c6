"""Work that must not end is started again when it fails, and never in silence."""

import asyncio
import logging

import pytest

from custom_components.wattics.supervision import async_keep_running

from .common import Home, logged


async def test_work_that_fails_is_started_again(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise ValueError("by chance")

    task = asyncio.create_task(async_keep_running("The work", work))
    await home.pass_time(9)
    assert begun == 1
    assert logged(caplog, logging.ERROR) == ["The work failed and is started again. Please report this"]
    assert "by chance" in caplog.text
    await home.pass_time(12)
    assert begun == 3
    assert task.done()


async def test_cancelled_work_ends(home: Home) -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(async_keep_running("The work", work))
    await home.pass_time(1)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert begun == 1
