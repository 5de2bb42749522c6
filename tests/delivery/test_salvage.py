"""Salvage of files damaged in many places at once: it ends, and what it keeps is as it was."""

from pathlib import Path
from random import Random

import pytest

from .files import acknowledge, opened
from .packets import packet, packets

COUNT = 400
STREAMS = {"a": range(10, COUNT), "b": range(COUNT)}


@pytest.fixture
async def sound(tmp_path: Path) -> bytes:
    """Return a file of many pages."""
    path = tmp_path / "sound.db"
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(COUNT)), *packets("b", range(COUNT))])
        await acknowledge(outbox, "a", 10)
    return path.read_bytes()


@pytest.mark.parametrize("flips", [3, 40, 300])
async def test_many_flipped_bits(tmp_path: Path, sound: bytes, flips: int) -> None:
    """A tree whose pages lead back, keys and lengths beyond all bounds: nothing may be followed for ever."""
    for seed in range(30):
        random = Random(seed)  # noqa: S311
        content = bytearray(sound)
        for _ in range(flips):
            content[random.randrange(len(content))] ^= 1 << random.randrange(8)
        path = tmp_path / f"{seed}.db"
        path.write_bytes(content)
        async with opened(path) as outbox:
            for stream_id, numbers in STREAMS.items():
                was = iter(packet(stream_id, number).encode() for number in numbers)
                kept = [one.body for one in await outbox.peek(stream_id, None, 10**6)]
                assert all(body in was for body in kept), (seed, stream_id)
            assert await outbox.append([packet(stream_id, COUNT) for stream_id in STREAMS]) == []
            for stream_id in STREAMS:
                newest = (await outbox.peek(stream_id, None, 10**6))[-1]
                assert newest.body == packet(stream_id, COUNT).encode()
