"""The collector as a program of its own."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import signal
import socket
import sys

import aiohttp
import pytest

from .client import NOON, ONE, basic, packet

pytestmark = pytest.mark.usefixtures("socket_enabled")

REPOSITORY = Path(__file__).parents[2]
UMLAUT = '{"id":"Zähler","tsISO8601":"2026-11-23T14:00:00.000+00:00","value":1}'.encode()


@asynccontextmanager
async def program(*arguments: str | Path) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.collector", "--port", "0", *arguments),
        cwd=REPOSITORY,
        env={"LC_ALL": "POSIX"},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(20):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().removesuffix("\n")


async def url(process: Process) -> str:
    listening, _, address = (await line(process)).partition(" on ")
    assert listening == "listening"
    return address


async def push(address: str, body: bytes, credentials: bytes = b"demo:demo") -> int:
    headers = {"Content-Type": "application/json", **basic(credentials)}
    async with aiohttp.ClientSession() as session, session.post(address, data=body, headers=headers) as response:
        return response.status


async def test_prints_what_comes_and_ends_after_enough() -> None:
    async with program("--packets", "2") as process:
        address = await url(process)
        assert await push(address, packet(ONE)) == 200
        assert await line(process) == f"accepted {packet(ONE).decode()}"
        assert await push(address, packet(NOON)) == 200
        assert await line(process) == f"discarded {packet(NOON).decode()}"
        assert await push(address, b"{\n\xff") == 400
        assert await line(process) == r"refused not UTF-8: invalid start byte at byte 2: '{\n\xff'"
        assert await push(address, packet(), b"demo:wrong") == 401
        assert await push(address, UMLAUT) == 200
        assert await line(process) == f"accepted {UMLAUT.decode()}"
        assert await process.communicate() == (b"", b"")
        assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_remembers_across_its_own_restarts(tmp_path: Path, number: signal.Signals) -> None:
    store = tmp_path / "store"
    async with program("--store", store, "--user", "me", "--password", 'ä:%"') as process:
        address = await url(process)
        assert await push(address, packet(NOON), 'me:ä:%"'.encode()) == 200
        assert await push(address, UMLAUT, 'me:ä:%"'.encode()) == 200
        process.send_signal(number)
        _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    assert store.read_bytes() == packet(NOON) + b"\n" + UMLAUT + b"\n"

    store.write_bytes(store.read_bytes() + b'{"id":"torn')
    async with program("--store", store, "--packets", "1") as process:
        address = await url(process)
        assert await push(address, packet(NOON)) == 200
        assert (await line(process)).startswith("discarded ")
        assert await push(address, packet(ONE)) == 200
        assert (await line(process)).startswith("accepted ")
        await process.communicate()
    assert store.read_bytes().splitlines() == [packet(NOON), UMLAUT, packet(ONE)]


async def test_says_why_it_cannot_run(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.write_bytes(packet() + b"\nnonsense\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, reason in (
            (("--store", store), f"{store}, line 2: not JSON"),
            (("--port", port), "address already in use"),
            (("--packets", "0"), "0 is no number of packets"),
        ):
            async with program(*arguments) as process:
                _, errors = await process.communicate()
                assert process.returncode
                assert reason in errors.decode()
                assert "Traceback" not in errors.decode()
