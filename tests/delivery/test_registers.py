"""Registers in the outbox: kept with their packets or not at all, and never believed when damaged."""

# ruff: noqa: ASYNC240 - nothing else runs while a test works on a file

from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
import shutil

import pytest

from custom_components.wattics.delivery.joining import Joint
from custom_components.wattics.delivery.outbox import Outbox
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.delivery.registers import Register
from custom_components.wattics.delivery.schema import VERSION

from .files import OTHER_URL, URL, assert_consistent, assert_counters, bodies, connect, crash_copy, figures, opened
from .packets import FIRST_MILLISECONDS, STEP, packet, packets

VERSION_1 = Path(__file__).with_name("version_1.db")
"""A file as the first version made it: two streams with waiting packets, one of them to be moved."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


@pytest.fixture
async def outbox(path: Path) -> AsyncGenerator[Outbox]:
    async with opened(path) as outbox:
        yield outbox


def _register(stream_id: str, state: str, code: str = "pC_1") -> Register:
    return Register(stream_id, code, state)


async def test_kept_with_the_packets_of_a_tick(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a")], [_register("a", "1"), _register("a", "2", "pC_2")])
    assert outbox.registers == {("a", "pC_1"): "1", ("a", "pC_2"): "2"}
    await outbox.append([packet("a", 1)], [_register("a", "1.5 é")])
    assert outbox.registers == {("a", "pC_1"): "1.5 é", ("a", "pC_2"): "2"}
    await assert_consistent(outbox, path, tmp_path)


async def test_not_kept_for_a_stream_whose_sample_was_late(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a", 1), packet("b", 1)], [_register("a", "1"), _register("b", "1")])
    assert await outbox.append([packet("a", 1), packet("b", 2)], [_register("a", "2"), _register("b", "2")]) == [
        "a"
    ]
    assert outbox.registers == {("a", "pC_1"): "1", ("b", "pC_1"): "2"}
    # Of samples that waited in memory, one was late; the last was not.
    assert await outbox.append([packet("a", 0), packet("a", 2)], [_register("a", "3")]) == ["a"]
    assert outbox.registers["a", "pC_1"] == "3"
    await assert_consistent(outbox, path, tmp_path)


async def test_kept_without_a_packet_if_the_stream_is_known(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.register(["a"], 0)
    await outbox.save_registers([_register("a", "1"), _register("unknown", "1")])
    assert outbox.registers == {("a", "pC_1"): "1"}
    await assert_consistent(outbox, path, tmp_path)


async def test_outlast_packets_that_are_discarded_or_dropped(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a")], [_register("a", "1")])
    await outbox.discard()
    await outbox.append([packet("a", 1)])
    await outbox.tidy(0, 1, 0)
    assert outbox.queued == 0
    assert outbox.registers == {("a", "pC_1"): "1"}
    await assert_consistent(outbox, path, tmp_path)


async def test_go_with_their_stream(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a"), packet("b")], [_register("a", "1"), _register("b", "2")])
    await outbox.forget("a")
    assert outbox.registers == {("b", "pC_1"): "2"}
    await outbox.append([packet("a")])
    assert outbox.registers == {("b", "pC_1"): "2"}
    await assert_consistent(outbox, path, tmp_path)


async def test_follow_their_stream_to_another_id(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a")], [_register("a", "1")])
    await outbox.rename("a", "b")
    assert outbox.registers == {("b", "pC_1"): "1"}
    await assert_consistent(outbox, path, tmp_path)


async def test_stay_where_another_stream_comes_to(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    mine = [_register("a", "1"), _register("a", "2", "pC_2")]
    await outbox.append([packet("a"), packet("b", 1)], [*mine, _register("b", "100"), _register("b", "3", "pC_3")])
    await outbox.rename("a", "b")
    assert outbox.registers == {("b", "pC_1"): "100", ("b", "pC_2"): "2", ("b", "pC_3"): "3"}
    await assert_consistent(outbox, path, tmp_path)


async def test_go_along_to_another_url_only_if_packets_do(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([packet("a")], [_register("a", "1")])
    await outbox.plan_move(URL, OTHER_URL)
    await outbox.switch(OTHER_URL)
    assert outbox.registers == {("a", "pC_1"): "1"}
    await assert_consistent(outbox, path, tmp_path)
    await outbox.switch(URL)
    await outbox.register(["a"], 0)
    assert outbox.registers == {}
    await assert_consistent(outbox, path, tmp_path)


async def test_of_another_url_are_not_told(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a")], [_register("a", "1")])
    async with opened(crash_copy(path, path.parent), OTHER_URL) as other:
        await other.append([packet("a")], [_register("a", "2")])
        assert other.registers == {("a", "pC_1"): "2"}


# Damage


async def _fill(path: Path, *streams: str) -> bytes:
    async with opened(path) as outbox:
        for stream_id in streams:
            registers = [_register(stream_id, f"the {code} of {stream_id}", code) for code in ("pC_1", "pC_2")]
            await outbox.append(packets(stream_id, range(3)), registers)
    return path.read_bytes()


async def test_a_flipped_bit_anywhere_is_never_believed(path: Path) -> None:
    whole = await _fill(path, "a", "b")
    first = whole.index(b"the pC_1 of a")
    page = first - first % 4096
    sound = {(stream, code): f"the {code} of {stream}" for stream in "ab" for code in ("pC_1", "pC_2")}
    lost = 0
    for place in range(page, page + 4096, 7):
        if not any(whole[place - 1 : place + 2]):
            continue  # in the middle of what is not used
        for bit in (0, 3, 6):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            async with opened(path) as outbox:
                for name, state in sound.items():
                    assert outbox.registers.get(name) == state or name[0] in outbox.lost_registers
                assert outbox.registers.items() <= sound.items()
                assert outbox.queued == 6
                lost += len(sound) - len(outbox.registers)
            for aside in path.parent.glob("*.damaged-*"):
                aside.unlink()
    assert lost > 10


async def test_what_is_lost_stays_lost_until_it_is_found(path: Path, tmp_path: Path) -> None:
    content = await _fill(path, "a", "b")
    path.write_bytes(content.replace(b"the pC_1 of a", b"the pC_1 of A"))
    for _ in range(2):
        async with opened(path) as outbox:
            assert outbox.registers.keys() == {("a", "pC_2"), ("b", "pC_1"), ("b", "pC_2")}
            assert outbox.lost_registers == {"a", "b"}
            await assert_consistent(outbox, path, tmp_path)
    async with opened(path) as outbox:
        await outbox.join(Joint("a", [_register("a", "new")], is_found=True))
        assert outbox.lost_registers == {"b"}
        await assert_consistent(outbox, path, tmp_path)
        await outbox.rename("b", "c")
        assert outbox.lost_registers == {"c"}
        await outbox.rename("a", "c")
        assert outbox.lost_registers == {"c"}
        await assert_consistent(outbox, path, tmp_path)
        await outbox.forget("c")
        assert outbox.lost_registers == set()


async def test_streams_that_were_lost_have_lost_registers_but_new_ones_have_not(
    path: Path, tmp_path: Path
) -> None:
    await _fill(path, "a", "b")
    path.write_bytes(b"nothing of it is left" * 500)
    async with opened(path) as outbox:
        await outbox.append([packet("a")])
        assert (outbox.registers, outbox.lost_registers) == ({}, {"a"})
    async with opened(path) as outbox:
        assert outbox.lost_registers == {"a"}
        await outbox.register(["a", "b"], 0)
        await assert_consistent(outbox, path, tmp_path)
        assert outbox.lost_registers == {"a", "b"}
        await outbox.register(["a", "b", "new"], 0)
        await assert_consistent(outbox, path, tmp_path)
        assert outbox.lost_registers == {"a", "b"}


async def test_a_register_of_no_stream_is_damage(path: Path) -> None:
    await _fill(path, "a")
    with closing(connect(path)) as connection:
        connection.execute("UPDATE registers SET stream = 7")
    async with opened(path) as outbox:
        assert (outbox.registers, outbox.lost_registers) == ({}, {"a"})


# Joined to what Wattics has


async def test_raised_with_what_waits_of_this_run(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    def sample(number: int, **values: float) -> Packet:
        return replace(packet("a", number), values=values)

    before = [sample(number, pC_1=100 + number, aP_1=7) for number in range(5)]
    await outbox.append([*before[:2], packet("b")])
    await outbox.append(before[2:], [_register("a", "104")])
    after = FIRST_MILLISECONDS + STEP
    await outbox.join(Joint("a", [_register("a", "144.25")], after, {"pC_1": Decimal("40.25")}))
    raised = [sample(number, pC_1=140.25 + number, aP_1=7).encode() for number in range(2, 5)]
    assert bodies(path)["a"] == [*(one.encode() for one in before[:2]), *raised]
    assert outbox.registers == {("a", "pC_1"): "144.25"}
    await assert_consistent(outbox, path, tmp_path)
    newest = await outbox.peek_newest("a")
    assert newest is not None
    assert newest.body == raised[-1]
    assert await outbox.peek_newest("unknown") is None
    await outbox.discard("a")
    assert await outbox.peek_newest("a") is None


# The first version had none


def test_the_file_is_of_the_first_version() -> None:
    with closing(connect(VERSION_1)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


async def test_a_file_of_the_first_version_goes_on(path: Path, tmp_path: Path) -> None:
    shutil.copyfile(VERSION_1, path)
    before = bodies(path)
    assert {stream_id: len(waiting) for stream_id, waiting in before.items()} == {"main meter": 3, "solar": 6}
    async with opened(path) as outbox:
        assert (outbox.registers, outbox.lost_registers) == ({}, set())
        assert (figures(outbox.streams["main meter"]), figures(outbox.streams["solar"])) == (
            (3, 5, 0, 0),
            (6, 0, 2, 0),
        )
        assert (outbox.pushed, outbox.moves) == (7, {"solar": "roof"})
        assert await outbox.append([packet("main meter", 10**5)], [_register("main meter", "1")]) == []
        await outbox.rename("solar", "roof")
        assert [one.reason for one in await outbox.rejected("roof")] == ["interval not agreed"] * 2
        await assert_consistent(outbox, path, tmp_path)
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert bodies(path)["main meter"] == [*before["main meter"], packet("main meter", 10**5).encode()]
    assert [Packet.decode(body).values for body in bodies(path)["roof"]] == [
        Packet.decode(body).values for body in before["solar"]
    ]
    async with opened(path) as outbox:
        assert outbox.registers == {("main meter", "pC_1"): "1"}
    assert_counters(path)


async def test_a_damaged_file_of_the_first_version_is_salvaged(path: Path) -> None:
    content = VERSION_1.read_bytes()
    body = bodies(VERSION_1)["solar"][2]
    path.write_bytes(content.replace(body, body.replace(b"solar", b"SOLAR")))
    async with opened(path) as outbox:
        assert len(await outbox.peek("solar", None, 99)) == 5
        assert len(await outbox.peek("main meter", None, 99)) == 3
        assert outbox.lost_registers == {"main meter", "solar"}
