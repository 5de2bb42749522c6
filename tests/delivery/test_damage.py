"""Damage of every kind to the outbox's files, and disks that refuse: samples go on, what can be read is kept."""

# ruff: noqa: ASYNC240 - nothing else runs while a test works on a file

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from random import Random
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

from custom_components.wattics.delivery.database import Acknowledgement
from custom_components.wattics.delivery.errors import OutboxError
from custom_components.wattics.delivery.outbox import Outbox, OutboxThread
from custom_components.wattics.delivery.registers import Register
from custom_components.wattics.delivery.salvage import KEPT_ASIDE, Salvaged
from custom_components.wattics.delivery.schema import VERSION

from .files import (
    OTHER_URL,
    URL,
    acknowledge,
    assert_consistent,
    assert_counters,
    bodies,
    connect,
    crash_copy,
    opened,
)
from .packets import FIRST_MILLISECONDS, packet, packets

COUNT = 300
STREAMS = ("a", "b")
PAGE = 4096
PAGES_BEFORE = 13
"""So many pages come before the packets: one a table and index, and what leads to the packets."""
A_FEW_PAGES = 200
"""So many packets are on four pages at most."""

type Waiting = Mapping[str, Sequence[bytes]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


class _Account:
    """An outbox, and what it told of damage."""

    def __init__(self, path: Path, url: str = URL) -> None:
        self.path = path
        self.salvaged: list[Salvaged] = []
        self.thread = OutboxThread()
        self.outbox = Outbox(self.thread, path, url, on_salvaged=self.salvaged.append)

    async def waiting(self) -> dict[str, list[bytes]]:
        """Return what it offers for sending, by stream."""
        return {
            stream_id: [one.body for one in await self.outbox.peek(stream_id, None, 10**6)]
            for stream_id in list(self.outbox.streams)
        }

    async def execute(self, statement: str) -> list[Any]:
        """Execute a statement on the outbox's own connection."""
        database = await self.outbox._ready()
        return await self.thread.run(lambda: database._connection.execute(statement).fetchall())


@asynccontextmanager
async def _account(path: Path, url: str = URL) -> AsyncGenerator[_Account]:
    """Give an outbox that is not open yet."""
    account = _Account(path, url)
    try:
        yield account
    finally:
        await account.outbox.close()
        account.thread.stop()
        account.thread._executor.shutdown()


async def _fill(path: Path) -> dict[str, list[bytes]]:
    """Make a file of many pages, tick after tick, and return what waits in it."""
    async with opened(path) as outbox:
        for number in range(COUNT):
            registers = [Register(stream_id, "pC_1", f"{number} of {stream_id}") for stream_id in STREAMS]
            await outbox.append([packet(stream_id, number) for stream_id in STREAMS], registers)
        await acknowledge(outbox, "a", 10)
        [waiting] = await outbox.peek("b", None, 1)
        await outbox.reject(waiting, 400, "no", 0)
    waiting_now = bodies(path)
    assert {stream_id: len(found) for stream_id, found in waiting_now.items()} == {"a": COUNT - 10, "b": COUNT - 1}
    return waiting_now


def _assert_none_changed(kept: Waiting, before: Waiting) -> None:
    """Check that packets may be missing, but that none is changed or out of order."""
    for stream_id, found in kept.items():
        remaining = iter(before.get(stream_id, ()))
        assert all(body in remaining for body in found), stream_id


def _total(waiting: Waiting) -> int:
    return sum(map(len, waiting.values()))


async def _pass_a_minute(outbox: Outbox) -> None:
    """Do what is done with an outbox time and again; it has room for all."""
    assert await outbox.tidy(FIRST_MILLISECONDS, 10**12, 10**12) == 0


async def _survive(path: Path, before: Waiting) -> tuple[Waiting, list[Salvaged]]:
    """Open a damaged file, go on with it, and check all that must hold; return what was kept and what was told."""
    async with _account(path) as account:
        await account.outbox.open()
        kept = await account.waiting()
        _assert_none_changed(kept, before)
        later = [packet(stream_id, COUNT) for stream_id in (*STREAMS, "new")]
        assert await account.outbox.append(later) == []
        for one in later:
            assert (await account.waiting())[one.stream_id][-1] == one.encode()
        for stream_id in STREAMS:
            # A register is the last one that was kept, or known to be lost.
            register = account.outbox.registers.get((stream_id, "pC_1"))
            assert register == f"{COUNT - 1} of {stream_id}" or stream_id in account.outbox.lost_registers
            assert register in (None, f"{COUNT - 1} of {stream_id}")
        salvaged = list(account.salvaged)
        streams = dict(account.outbox.streams)
        if salvaged:
            await assert_consistent(account.outbox, path, path.parent)
            await _pass_a_minute(account.outbox)
    if salvaged:
        assert [one.waiting for one in salvaged] == [_total(kept)]
        assert_counters(path)
    else:
        # Where nobody noticed damage, it touched nothing that is sent.
        assert kept == before
    async with _account(path) as account:
        await account.outbox.open()
        assert (account.salvaged, account.outbox.streams) == ([], streams)
    return kept, salvaged


# The file itself


@pytest.mark.parametrize("inside", [0, 1, PAGE // 2, PAGE - 1])
async def test_a_file_cut_short(path: Path, inside: int) -> None:
    """What stands before the cut is kept, but for the pages that lead there."""
    before = await _fill(path)
    whole = path.read_bytes()
    pages = len(whole) // PAGE
    for page in range(pages):
        cut = path.with_name(f"cut-{page}.db")
        cut.write_bytes(whole[: page * PAGE + inside])
        kept, [salvaged] = await _survive(cut, before)
        assert salvaged.aside.read_bytes() == whole[: page * PAGE + inside]
        if page > pages // 2:
            share = (page - PAGES_BEFORE) / (pages - PAGES_BEFORE)
            assert _total(kept) > _total(before) * share - A_FEW_PAGES // 2
    assert _total(kept) > _total(before) - A_FEW_PAGES


@pytest.mark.parametrize("byte", [0x00, 0xFF])
async def test_a_page_overwritten(path: Path, byte: int) -> None:
    before = await _fill(path)
    whole = path.read_bytes()
    lost: list[int] = []
    for start in range(0, len(whole), PAGE):
        damaged = path.with_name(f"page-{start}.db")
        damaged.write_bytes(whole[:start] + bytes([byte]) * PAGE + whole[start + PAGE :])
        kept, salvaged = await _survive(damaged, before)
        lost.append(_total(before) - _total(kept))
        assert not lost[-1] or salvaged
    # Only the page at the top of the packets takes all with it.
    assert sum(one > A_FEW_PAGES // 4 for one in lost) <= 1
    assert lost[0] == 0


@pytest.mark.parametrize("has_log", [True, False])
async def test_a_lost_first_page_costs_nothing(path: Path, tmp_path: Path, has_log: bool) -> None:
    before = await _fill(path)
    if has_log:
        async with opened(path) as outbox:
            await outbox.append([packet("a", COUNT)])
            path = crash_copy(path, tmp_path)
        before = {**before, "a": [*before["a"], packet("a", COUNT).encode()]}
    content = path.read_bytes()
    path.write_bytes(bytes(PAGE) + content[PAGE:])
    async with _account(path) as account:
        await account.outbox.open()
        assert await account.waiting() == before
        [salvaged] = account.salvaged
    assert salvaged.aside.read_bytes() == bytes(PAGE) + content[PAGE:]
    assert {file.name for file in path.parent.iterdir() if ".copy" in file.name} == set()


async def test_two_damaged_places_cost_no_packet_between_them(path: Path) -> None:
    before = await _fill(path)
    content = bytearray(path.read_bytes())
    for number in (20, COUNT - 20):
        place = content.index(packet("a", number).encode())
        page = place - place % PAGE
        content[page : page + PAGE] = bytes(PAGE)
    path.write_bytes(content)
    kept, salvaged = await _survive(path, before)
    assert len(salvaged) == 1
    assert _total(before) - A_FEW_PAGES < _total(kept) < _total(before)
    assert packet("a", COUNT // 2).encode() in kept["a"]


async def test_a_row_that_cannot_be_read_takes_no_other_with_it(path: Path) -> None:
    before = await _fill(path)
    lost = packet("a", COUNT // 2).encode()
    content = bytearray(path.read_bytes())
    # The one byte of the row's length that says more than its page can hold.
    place = content.rindex(b"\x07\x00", 0, content.index(lost))
    content[place + 4 : place + 6] = b"\xff\x7f"
    path.write_bytes(content)
    kept, salvaged = await _survive(path, before)
    assert len(salvaged) == 1
    assert kept == {**before, "a": [body for body in before["a"] if body != lost]}


async def test_bytes_flipped_anywhere(path: Path) -> None:
    before = await _fill(path)
    whole = path.read_bytes()
    noticed = 0
    for seed in range(150):
        random = Random(seed)  # noqa: S311 - chance that can be repeated
        content = bytearray(whole)
        content[random.randrange(len(content))] ^= random.randrange(1, 256)
        damaged = path.with_name(f"{seed}.db")
        damaged.write_bytes(content)
        _, salvaged = await _survive(damaged, before)
        noticed += len(salvaged)
    assert noticed > 40


@pytest.mark.parametrize(
    "text", [b"meter", b"CREATE TABLE packets", b"INTEGER NOT NULL", b"sqlite_autoindex_packets"]
)
async def test_texts_that_are_none_any_more(path: Path, text: bytes) -> None:
    """A text that is no UTF-8 is damage like any other: it must not keep the file shut for ever."""
    async with opened(path) as outbox:
        await outbox.append(packets("meter", range(3)))
    before = bodies(path)
    content = path.read_bytes()
    assert text in content
    path.write_bytes(content.replace(text, bytes([0xFF]) * len(text)))
    kept, salvaged = await _survive(path, before)
    assert len(salvaged) == 1
    if text != b"meter":
        assert kept == before


async def test_a_stream_whose_id_changed_keeps_its_packets(path: Path) -> None:
    """Nobody notices a flipped bit in an id by itself, but its packets would wait for ever."""
    async with opened(path) as outbox:
        await outbox.append(packets("first stream", range(5)))
        await outbox.append(packets("other", range(5)))
        key = outbox.streams["first stream"].key
    before = bodies(path)
    content = bytearray(path.read_bytes())
    row = content.index(URL.encode() + b"first stream")
    content[row + len(URL)] ^= 1
    path.write_bytes(content)
    kept, salvaged = await _survive(path, before)
    assert len(salvaged) == 1
    assert kept["first stream"] == before["first stream"]
    async with opened(path) as outbox:
        assert outbox.streams["first stream"].key != key


@pytest.mark.parametrize("copy", range(2))
async def test_a_stream_whose_url_changed_keeps_its_packets(path: Path, copy: int) -> None:
    """A URL stands in the stream's row and in an index: what changed in one of them costs nothing."""
    async with opened(path) as outbox:
        await outbox.append([*packets("first stream", range(5)), *packets("other", range(5))])
        key = outbox.streams["first stream"].key
    before = bodies(path)
    content = bytearray(path.read_bytes())
    place = [found.start() for found in re.finditer(re.escape(URL.encode() + b"first stream"), content)]
    assert len(place) == 2
    content[place[copy] + 10] ^= 1
    path.write_bytes(content)
    kept, [salvaged] = await _survive(path, before)
    assert (kept, salvaged.elsewhere) == (before, 0)
    async with opened(path) as outbox:
        assert outbox.streams["first stream"].key == key


async def test_packets_for_another_url_stay_so(path: Path) -> None:
    """Damage sends nothing to a host that the user did not choose for it; how many that are is told."""
    async with opened(path, OTHER_URL) as outbox:
        await outbox.append([*packets("first stream", range(5)), *packets("second stream", range(4))])
    async with opened(path) as outbox:
        await outbox.append(packets("first stream", range(3)))
    before = bodies(path)
    content = bytearray(path.read_bytes())
    content[content.index(OTHER_URL.encode() + b"first stream") + 10] ^= 1
    path.write_bytes(content)
    async with _account(path) as account:
        await account.outbox.open()
        assert await account.waiting() == before
        [salvaged] = account.salvaged
        assert (salvaged.waiting, salvaged.elsewhere) == (12, 9)
        assert await account.outbox.elsewhere() == 9


async def test_a_packet_that_went_to_another_stream_comes_back(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(5)), packet("b", 9)])
    before = bodies(path)
    with closing(connect(path)) as connection:
        connection.execute(
            "UPDATE packets SET stream = 3 - stream WHERE instant = (SELECT min(instant) FROM packets)"
        )
        connection.execute("PRAGMA user_version = 0")
    kept, _ = await _survive(path, before)
    assert kept == before


# Files of another form


@pytest.mark.parametrize(
    "change",
    [
        f"PRAGMA user_version = {VERSION + 1}",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
        "DROP TABLE deliveries",
        "DROP TABLE rejected",
        "DROP TABLE totals",
        "DROP TABLE moves",
        "DROP TABLE streams",
        "CREATE TABLE more (x)",
        "ALTER TABLE packets ADD COLUMN more",
        "DROP INDEX rejected_by_stream",
    ],
)
async def test_another_form(path: Path, change: str) -> None:
    before = await _fill(path)
    with closing(connect(path)) as connection:
        connection.execute(change)
    content = path.read_bytes()
    kept, [salvaged] = await _survive(path, before)
    assert kept == before
    assert salvaged.aside.read_bytes() == content


async def test_another_programs_database(path: Path) -> None:
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE states (entity_id TEXT)")
        connection.execute(
            "CREATE TABLE packets (key INTEGER, stream TEXT, instant TEXT, body TEXT, checksum TEXT)"
        )
        connection.executemany("INSERT INTO packets VALUES (?, 'x', 'y', 'z', 'c')", [(n,) for n in range(9)])
    content = path.read_bytes()
    kept, [salvaged] = await _survive(path, {})
    assert _total(kept) == 0
    assert salvaged.aside.read_bytes() == content


async def test_figures_and_plans_are_carried_over(path: Path) -> None:
    """A user who chose that packets go along does not lose them to damage in between."""
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(5)), *packets("gone", range(5))])
        await acknowledge(outbox, "a", 2, at=7)
        await acknowledge(outbox, "gone", 3)
        await outbox.forget("gone")
        await outbox.plan_move("a", "renamed")
        await outbox.plan_move(URL, OTHER_URL)
        before = outbox.streams["a"]
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE more (x)")
    async with _account(path) as account:
        await account.outbox.open()
        outbox = account.outbox
        assert outbox.streams == {"a": before}
        assert (outbox.pushed, outbox.moves) == (5, {"a": "renamed", URL: OTHER_URL})
        assert await outbox.switch(OTHER_URL) == 0
        assert outbox.queued == 3


async def test_no_new_packet_gets_the_key_of_one_that_was_lost(path: Path) -> None:
    """The answer for a packet that was on its way while it was lost lets go of no other."""
    before = await _fill(path)
    async with opened(path) as outbox:
        on_the_way = (await outbox.peek("b", None, COUNT))[-1]
    content = bytearray(path.read_bytes())
    place = content.index(on_the_way.body)
    content[place + 5] ^= 1
    path.write_bytes(content)
    async with _account(path) as account:
        await account.outbox.open()
        assert len((await account.waiting())["b"]) == len(before["b"]) - 1
        await account.outbox.append([packet("b", COUNT), packet("new", COUNT)])
        await account.outbox.acknowledge([Acknowledgement("b", on_the_way, 0)])
        assert (await account.waiting())["b"][-1] == packet("b", COUNT).encode()
        assert (await account.waiting())["new"] == [packet("new", COUNT).encode()]
        await assert_consistent(account.outbox, path, path.parent)


# The write-ahead log


def _whole_commits(log: bytes) -> int:
    """Return how many transactions a write-ahead log holds whole: SQLite's own description of the format."""
    frames = range(32, len(log) - 24 - PAGE + 1, 24 + PAGE)
    return sum(log[frame + 4 : frame + 8] != bytes(4) for frame in frames)


async def _log_of_ticks(path: Path, folder: Path) -> tuple[Path, int, list[bytes]]:
    """Make a file whose write-ahead log has 39 ticks of one packet, and what else is to know of it."""
    async with opened(path) as outbox:
        await outbox.append([packet("a", 0)])
        copy = crash_copy(path, folder)
        begun = _whole_commits(copy.with_name(f"{copy.name}-wal").read_bytes())
        sent = packets("a", range(1, 40))
        for one in sent:
            await outbox.append([one])
        return crash_copy(path, folder), begun, [packet("a", 0).encode(), *(one.encode() for one in sent)]


async def test_a_torn_write_ahead_log(path: Path, tmp_path: Path) -> None:
    """Wherever a power cut tears it: all transactions before are there, the torn one is not, nobody is alarmed."""
    whole, begun, sent = await _log_of_ticks(path, tmp_path)
    log = whole.with_name(f"{whole.name}-wal").read_bytes()
    assert _whole_commits(log) - begun == 39
    frame = 24 + PAGE
    random = Random(1)  # noqa: S311
    for offset in (
        *(32 + frame * n + d for n in (9, 30) for d in (-1, 0, 1, 23, 24, 25)),
        *(random.randrange(len(log)) for _ in range(40)),
    ):
        copy = crash_copy(whole, tmp_path)
        torn = copy.with_name(f"{copy.name}-wal")
        torn.write_bytes(log[:offset])
        expected = sent[: max(0, 1 + _whole_commits(log[:offset]) - begun)]
        async with _account(copy) as account:
            await account.outbox.open()
            assert (await account.waiting()).get("a", []) == expected
            assert account.salvaged == []
            assert await account.outbox.append([packet("a", 99)]) == []
        assert_counters(copy)


async def test_a_write_ahead_log_with_flipped_bytes(path: Path, tmp_path: Path) -> None:
    whole, begun, sent = await _log_of_ticks(path, tmp_path)
    log = whole.with_name(f"{whole.name}-wal").read_bytes()
    for seed in range(40):
        random = Random(seed)  # noqa: S311
        place = random.randrange(32, len(log))
        content = bytearray(log)
        content[place] ^= random.randrange(1, 256)
        copy = crash_copy(whole, tmp_path)
        copy.with_name(f"{copy.name}-wal").write_bytes(content)
        frames_before = log[: place - (place - 32) % (24 + PAGE)]
        expected = sent[: max(0, 1 + _whole_commits(frames_before) - begun)]
        async with _account(copy) as account:
            await account.outbox.open()
            assert (await account.waiting()).get("a", []) == expected
            assert account.salvaged == []
        assert_counters(copy)


async def test_a_missing_write_ahead_log(path: Path, tmp_path: Path) -> None:
    before = await _fill(path)
    async with opened(path) as outbox:
        await outbox.append(packets("a", range(COUNT, COUNT + 9)))
        copy = crash_copy(path, tmp_path)
    copy.with_name(f"{copy.name}-wal").unlink()
    kept, salvaged = await _survive(copy, before)
    assert (kept, salvaged) == (before, [])


async def test_a_write_ahead_log_of_another_file(path: Path, tmp_path: Path) -> None:
    """Whatever SQLite makes of it, no packet is offered that was not made just so, and none out of order."""
    before = await _fill(path)
    other = tmp_path / "other.db"
    async with opened(other) as outbox:
        await outbox.append(packets("a", range(COUNT + 1, COUNT + 60)))
        copy = crash_copy(other, tmp_path)
    shutil.copyfile(copy.with_name(f"{copy.name}-wal"), path.with_name(f"{path.name}-wal"))
    both = {
        "a": [*before["a"], *(one.encode() for one in packets("a", range(COUNT + 1, COUNT + 60)))],
        "b": before["b"],
    }
    async with _account(path) as account:
        await account.outbox.open()
        _assert_none_changed(await account.waiting(), both)
        assert await account.outbox.append([packet("a", COUNT + 99)]) == []
        assert (await account.waiting())["a"][-1] == packet("a", COUNT + 99).encode()


# While it is open


async def _append(outbox: Outbox) -> None:
    await outbox.append([packet("b", COUNT)])


async def _peek(outbox: Outbox) -> None:
    await outbox.peek("a", None, 10**6)


async def _reject(outbox: Outbox) -> None:
    [oldest] = await outbox.peek("b", None, 1)
    await outbox.reject(oldest, 400, "no", 0)


async def _discard(outbox: Outbox) -> None:
    await outbox.discard("a")


async def _forget(outbox: Outbox) -> None:
    await outbox.forget("a")


async def _rename(outbox: Outbox) -> None:
    await outbox.rename("a", "c")


async def _tidy(outbox: Outbox) -> None:
    await outbox.tidy(0, 1, 1000)


@pytest.mark.parametrize("operation", [_append, _peek, _reject, _discard, _forget, _rename, _tidy])
async def test_damage_while_it_is_open(
    path: Path, tmp_path: Path, operation: Callable[[Outbox], Awaitable[None]]
) -> None:
    """Whoever comes across it first: what was asked for is done all the same."""
    before = await _fill(path)
    everything = {**before, "c": [one.encode() for one in packets("c", range(COUNT))]}
    everything["b"] = [*before["b"], packet("b", COUNT).encode()]
    async with _account(path) as account:
        outbox = account.outbox
        await outbox.open()
        with path.open("r+b") as file:
            content = path.read_bytes()
            # The pages of the last packets, of which every operation needs one.
            for number in (*range(150, COUNT, 20), COUNT - 1):
                place = content.index(packet("a", number).encode())
                file.seek(place - place % PAGE)
                file.write(bytes(PAGE))
        await account.execute("PRAGMA shrink_memory")
        await operation(outbox)
        await _peek(outbox)
        [salvaged] = account.salvaged
        assert salvaged.waiting > 100
        _assert_none_changed(await account.waiting(), everything)
        assert await outbox.append([packet("a", COUNT + 1), packet("b", COUNT + 1)]) == []
        await assert_consistent(outbox, path, tmp_path)
        assert len(account.salvaged) == 1


async def test_a_damaged_file_is_kept_as_it_was_with_its_log(path: Path, tmp_path: Path) -> None:
    await _fill(path)
    async with opened(path) as outbox:
        await outbox.append(packets("c", range(50)))
        left = crash_copy(path, tmp_path)
    with closing(connect(left)) as connection:
        connection.execute("CREATE TABLE more (x)")
        damaged = crash_copy(left, tmp_path)
    log = damaged.with_name(f"{damaged.name}-wal")
    content, content_of_log = damaged.read_bytes(), log.read_bytes()
    async with _account(damaged) as account:
        await account.outbox.open()
        [salvaged] = account.salvaged
        assert len((await account.waiting())["c"]) == 50
    assert salvaged.aside.read_bytes() == content
    assert salvaged.aside.with_name(f"{salvaged.aside.name}-wal").read_bytes() == content_of_log


# A salvage that is cut off


class _PowerCut(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("renames", range(5))
async def test_a_crash_in_the_middle_of_a_salvage(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """Nothing is lost, and the log of the damaged file is never taken for one of the new file."""
    before = await _fill(path)
    async with opened(path) as outbox:
        await outbox.append(packets("c", range(50)))
        damaged = crash_copy(path, tmp_path)
    with closing(connect(damaged)) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE more (x)")
        connection.execute("COMMIT")
        left = crash_copy(damaged, tmp_path)
    assert left.with_name(f"{left.name}-wal").stat().st_size > 40_000
    replace, done = Path.replace, 0

    def replace_until_the_power_goes(part: Path, target: Path) -> Path:
        nonlocal done
        if done == renames:
            raise _PowerCut
        done += 1
        return replace(part, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_until_the_power_goes)
        async with _account(left) as account:
            with suppress(_PowerCut):
                await account.outbox.open()
    everything = {**before, "c": [one.encode() for one in packets("c", range(50))]}
    async with _account(left) as account:
        await account.outbox.open()
        assert await account.waiting() == everything
        assert await account.outbox.append([packet("a", COUNT)]) == []
        # The user hears of it, once or, where nobody may know any more that it was told, again.
        assert [one.waiting for one in account.salvaged] == [_total(everything)]
        assert account.salvaged[0].aside.is_file()
    assert_counters(left)


async def test_a_disk_that_fails_again_and_again_does_not_fill_up(path: Path) -> None:
    asides: list[Path] = []
    for _ in range(KEPT_ASIDE + 2):
        async with _account(path) as account:
            await account.outbox.append([packet("a", len(asides))])
            left = crash_copy(path, path.parent)
            asides += [one.aside for one in account.salvaged]
        shutil.move(left.with_name(f"{left.name}-wal"), path.with_name(f"{path.name}-wal"))
        path.write_bytes(b"no database " * 1000)
    kept = {file.name for file in path.parent.glob("*.damaged-*")}
    assert {f"{one.name}-wal" for one in asides[-KEPT_ASIDE:]} <= kept
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in kept} == {
        one.name for one in asides[-KEPT_ASIDE:]
    }
    assert len(asides) > KEPT_ASIDE


async def test_a_crash_soon_after_a_salvage(path: Path, tmp_path: Path) -> None:
    """What was told may not have been written down: it is told again, until there was time for that."""
    await _fill(path)
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE more (x)")
    async with _account(path) as account:
        await account.outbox.open()
        await account.outbox.append([packet("a", COUNT)])
        [told] = account.salvaged
        left = crash_copy(path, tmp_path)
    async with _account(left) as account:
        await account.outbox.open()
        assert [(one.aside.name, one.waiting) for one in account.salvaged] == [(told.aside.name, told.waiting)]
        await _pass_a_minute(account.outbox)
        left = crash_copy(left, tmp_path)
    async with _account(left) as account:
        await account.outbox.open()
        assert account.salvaged == []


# Disks that refuse


@contextmanager
def _largest_file(size: int) -> Generator[None]:
    """Let the operating system refuse to make any file of this process larger than that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_takes_no_more(path: Path, tmp_path: Path) -> None:
    before = await _fill(path)
    async with _account(path) as account:
        outbox = account.outbox
        await outbox.open()
        streams = dict(outbox.streams)
        with _largest_file(PAGE):
            for _ in range(3):
                with pytest.raises(OutboxError):
                    await outbox.append([packet("a", COUNT)])
            assert await account.waiting() == before
            with pytest.raises(OutboxError):
                await acknowledge(outbox, "a", 1)
        assert outbox.streams == streams
        assert await outbox.append([packet("a", COUNT)]) == []
        await acknowledge(outbox, "a", 1)
        await assert_consistent(outbox, path, tmp_path)
        assert account.salvaged == []


async def test_a_disk_that_takes_no_more_at_the_start(path: Path) -> None:
    async with _account(path) as account:
        with _largest_file(0), pytest.raises(OutboxError):
            await account.outbox.open()
        await account.outbox.open()
        assert await account.outbox.append([packet("a")]) == []


async def test_a_damaged_file_on_a_disk_that_takes_no_more(path: Path) -> None:
    """It stays where and as it is until there is room for a new one."""
    before = await _fill(path)
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE more (x)")
    content = path.read_bytes()
    async with _account(path) as account:
        with _largest_file(3 * PAGE):
            for _ in range(2):
                with pytest.raises(OutboxError):
                    await account.outbox.open()
        assert (account.salvaged, path.read_bytes()) == ([], content)
    kept, [salvaged] = await _survive(path, before)
    assert kept == before
    assert salvaged.aside.read_bytes() == content
    assert {file.name for file in path.parent.glob("*.new*")} == set()


@contextmanager
def _used_alone_by_another_process(path: Path) -> Generator[None]:
    """Let another process hold the file for itself."""
    program = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "file.execute('PRAGMA locking_mode = EXCLUSIVE'); file.execute('BEGIN EXCLUSIVE');"
        "file.execute('PRAGMA user_version').fetchall(); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("damage", ["", "CREATE TABLE more (x)", f"PRAGMA user_version = {VERSION + 1}"])
async def test_a_file_that_another_process_uses(path: Path, damage: str) -> None:
    """It is neither taken for damaged nor for empty: it is opened when it can be."""
    before = await _fill(path)
    with closing(connect(path)) as connection:
        connection.execute(damage)
    async with _account(path) as account:
        with _used_alone_by_another_process(path), pytest.raises(OutboxError, match="locked"):
            await account.outbox.open()
        assert account.salvaged == []
        await account.outbox.open()
        assert await account.waiting() == before


@pytest.mark.parametrize("name", ["account.db", "account.db-wal"])
async def test_a_folder_in_a_files_place(path: Path, name: str) -> None:
    path.with_name(name).mkdir()
    async with _account(path) as account:
        with pytest.raises(OutboxError):
            await account.outbox.append([packet("a")])
        assert account.salvaged == []
        path.with_name(name).rmdir()
        assert await account.outbox.append([packet("a")]) == []


async def test_a_new_file_has_no_past(path: Path) -> None:
    """A write-ahead log without its file belongs to nobody."""
    async with opened(path) as outbox:
        await outbox.append(packets("a", range(5)))
        left = crash_copy(path, path.parent)
    left.unlink()
    async with _account(left) as account:
        await account.outbox.open()
        assert account.outbox.queued == 0
        assert await account.outbox.append([packet("a", 9)]) == []
    assert_counters(left)
    with closing(sqlite3.connect(left)) as connection:
        assert connection.execute("SELECT count(*) FROM packets").fetchone() == (1,)
