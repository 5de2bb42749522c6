"""Periods that are read later than what follows them was sampled, and go before it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.wattics.delivery.database import HOUR
from custom_components.wattics.delivery.outbox import Outbox
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.delivery.periods import MOST_OF_A_STREAM, History, Kind, Period

from .files import acknowledge, assert_consistent, bodies, connect, crash_copy, figures, opened
from .packets import FIRST_MILLISECONDS, STEP, packet, packets

DAY = 24 * HOUR
NOW = FIRST_MILLISECONDS + 100 * STEP


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "account.db"


@pytest.fixture
async def outbox(path: Path, tmp_path: Path) -> AsyncGenerator[Outbox]:
    """Give an outbox in which the tenth to twelfth packet of `a` wait, and those of `b`."""
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(10, 13)), *packets("b", range(10, 13))])
        yield outbox
        await assert_consistent(outbox, path, tmp_path)


def _at(number: int) -> int:
    return FIRST_MILLISECONDS + number * STEP


async def _plan(outbox: Outbox, first: int, last: int, kind: Kind = Kind.BACKFILL, stream_id: str = "a") -> None:
    await outbox.histories.plan([Period(stream_id, kind, _at(first - 1), _at(last), "")], NOW)


def _history(outbox: Outbox, stream_id: str = "a") -> History:
    return outbox.streams[stream_id].histories[0]


async def _queue(outbox: Outbox, numbers: range, *, last: bool = False, scale: int = 1) -> None:
    """Queue the packets of a period up to a number, whose values are that many times the number."""
    history = _history(outbox)._replace(
        position=_at(numbers[-1]),
        state=f"read to {numbers[-1]}",
        made=_history(outbox).made + len(numbers),
        read_at=NOW if last else None,
    )
    made = [replace(one, values={"aP_1": one.values["aP_1"] * scale}) for one in packets("a", numbers)]
    await outbox.histories.queue(history, made)


async def _numbers(outbox: Outbox, stream_id: str = "a") -> Sequence[float]:
    """Return what can be sent of a stream, by its values."""
    return [Packet.decode(one.body).values["aP_1"] for one in await outbox.peek(stream_id, None, 99)]


async def test_a_stream_is_held_until_its_period_is_read(outbox: Outbox) -> None:
    await _plan(outbox, 0, 5)
    assert (await _numbers(outbox), await _numbers(outbox, "b")) == ([], [10, 11, 12])
    await _queue(outbox, range(3))
    assert await outbox.append([packet("a", 13)]) == []
    assert await _numbers(outbox) == [0, 1, 2]
    await _queue(outbox, range(3, 6), last=True)
    assert await _numbers(outbox) == [0, 1, 2, 3, 4, 5, 10, 11, 12, 13]
    assert outbox.streams["a"].newest == _at(13)


async def test_a_period_that_is_read_goes_when_its_packets_have_left(outbox: Outbox) -> None:
    await _plan(outbox, 0, 2)
    await _queue(outbox, range(3), last=True)
    await acknowledge(outbox, "a", 2)
    assert [(one.made, one.sent, one.read_at) for one in outbox.streams["a"].histories] == [(3, 2, NOW)]
    await acknowledge(outbox, "a", 1)
    assert outbox.streams["a"].histories == ()
    await _plan(outbox, 3, 4)
    await _queue(outbox, range(3, 4), last=True)
    [waiting] = await outbox.peek("a", None, 1)
    await outbox.reject(waiting, 400, "no", NOW)
    assert outbox.streams["a"].histories == ()


async def test_several_periods_hold_until_the_first_is_read(outbox: Outbox) -> None:
    await _plan(outbox, 5, 8, Kind.GAP)
    await _plan(outbox, 0, 4)
    assert [one.kind for one in outbox.streams["a"].histories] == [Kind.BACKFILL, Kind.GAP]
    await _queue(outbox, range(5), last=True)
    assert await _numbers(outbox) == [0, 1, 2, 3, 4]


async def test_what_was_queued_of_a_period_survives_a_power_cut(
    outbox: Outbox, path: Path, tmp_path: Path
) -> None:
    await _plan(outbox, 0, 9)
    for number in range(6):
        await _queue(outbox, range(number, number + 1))
        async with opened(crash_copy(path, tmp_path)) as other:
            assert other.streams == outbox.streams
            assert _history(other).state == f"read to {number}"
            assert await _numbers(other) == list(range(number + 1))


async def test_what_wattics_would_discard_is_not_queued(outbox: Outbox) -> None:
    await acknowledge(outbox, "a", 1)
    await _plan(outbox, 8, 14)
    await _queue(outbox, range(8, 15), last=True)
    assert await _numbers(outbox) == [11, 12, 13, 14]


async def test_a_packet_that_waits_is_completed(outbox: Outbox) -> None:
    await outbox.append([Packet("a", packet("a", 13).instant, {"v_1": 230})])
    await _plan(outbox, 11, 13, Kind.GAP)
    await _queue(outbox, range(11, 14), last=True, scale=7)
    waiting = [Packet.decode(one.body).values for one in await outbox.peek("a", None, 9)]
    assert waiting == [{"aP_1": 10}, {"aP_1": 11}, {"aP_1": 12}, {"aP_1": 91, "v_1": 230}]


async def test_what_was_sent_is_sent_again_and_what_waits_is_corrected(outbox: Outbox) -> None:
    await acknowledge(outbox, "a", 2)
    assert outbox.streams["a"].acknowledged == _at(11)
    await _plan(outbox, 9, 12, Kind.REPLACE)
    assert outbox.streams["a"].acknowledged == _at(8)
    await _queue(outbox, range(9, 13), last=True, scale=7)
    assert await _numbers(outbox) == [63, 70, 77, 84]
    await acknowledge(outbox, "a", 1)
    assert outbox.streams["a"].acknowledged == _at(9)


async def test_what_waits_behind_a_period_can_be_changed_by_it(outbox: Outbox) -> None:
    await _plan(outbox, 8, 10, Kind.GAP)

    def double(body: bytes) -> bytes:
        packet = Packet.decode(body)
        return replace(packet, values={code: 2 * value for code, value in packet.values.items()}).encode()

    await outbox.histories.join(_history(outbox)._replace(state="joined"), double)
    assert _history(outbox).state == "joined"
    await _queue(outbox, range(8, 10), last=True)
    assert await _numbers(outbox) == [8, 9, 10, 22, 24]
    assert await _numbers(outbox, "b") == [10, 11, 12]


@pytest.mark.parametrize("stream_id", ["a", None])
async def test_a_period_is_given_up(outbox: Outbox, stream_id: str | None) -> None:
    await _plan(outbox, 0, 9)
    await _queue(outbox, range(3))
    given_up = _history(outbox)
    await outbox.histories.cancel(stream_id, NOW)
    assert await _numbers(outbox) == [0, 1, 2, 10, 11, 12]
    # Who still reads it, reads in vain.
    await outbox.histories.queue(given_up._replace(position=_at(4), made=5), packets("a", range(3, 5)))
    await outbox.histories.join(given_up, lambda _: b"")
    assert await _numbers(outbox) == [0, 1, 2, 10, 11, 12]
    await acknowledge(outbox, "a", 3)
    assert outbox.streams["a"].histories == ()


async def test_what_is_no_period_is_passed_over(outbox: Outbox) -> None:
    await _plan(outbox, 5, 4)
    await _plan(outbox, 0, 5, stream_id="nobody")
    assert [record.histories for record in outbox.streams.values()] == [(), ()]
    for number in range(MOST_OF_A_STREAM + 1):
        await _plan(outbox, number, number)
    assert len(outbox.streams["a"].histories) == MOST_OF_A_STREAM


async def test_old_packets_of_a_period_count_from_when_it_was_asked_for(outbox: Outbox) -> None:
    await outbox.histories.plan([Period("a", Kind.BACKFILL, _at(-1), _at(5), "")], _at(11) + DAY)
    await _queue(outbox, range(6), last=True)
    assert await outbox.tidy(_at(12) + DAY, DAY, 10**9) == 4
    assert (await _numbers(outbox), await _numbers(outbox, "b")) == ([0, 1, 2, 3, 4, 5, 12], [12])
    assert await outbox.tidy(_at(12) + 2 * DAY, DAY, 10**9) == 8
    assert outbox.streams["a"].histories == ()


async def test_the_oldest_go_first_where_there_are_too_many(outbox: Outbox) -> None:
    await _plan(outbox, 0, 5)
    await _queue(outbox, range(6), last=True)
    size = len(packet("a").encode()) + 64
    assert await outbox.tidy(NOW, DAY, 9 * size) >= 3
    assert figures(outbox.streams["b"]) == (3, 0, 0, 0)
    assert outbox.streams["a"].queued <= 6


async def test_rejected_packets_of_a_period_are_kept_as_long_as_any(outbox: Outbox) -> None:
    await _plan(outbox, 0, 0)
    await _queue(outbox, range(1), last=True)
    [waiting] = await outbox.peek("a", None, 1)
    now = _at(0) + 10 * DAY
    await outbox.reject(waiting, 400, "no", now)
    await outbox.tidy(now + DAY, DAY, 10**9)
    assert outbox.streams["a"].rejected == 1
    await outbox.tidy(now + DAY + 1, DAY, 10**9)
    assert outbox.streams["a"].rejected == 0


async def test_periods_go_with_their_stream(outbox: Outbox, path: Path) -> None:
    await _plan(outbox, 0, 5)
    await outbox.rename("a", "c")
    assert _history(outbox, "c").end == _at(5)
    await outbox.forget("c")
    with closing(connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM histories").fetchone() == (0,)


@pytest.mark.parametrize("column", ["position", "state", "made", "end"])
async def test_a_period_that_changed_on_the_disk_is_given_up(path: Path, column: str) -> None:
    async with opened(path) as outbox:
        await outbox.append(packets("a", range(10, 13)))
        await _plan(outbox, 0, 5)
        await _queue(outbox, range(3))
    with closing(connect(path)) as connection:
        connection.execute(f"UPDATE histories SET {column} = CAST('x' AS BLOB)")  # noqa: S608 - of this list
    async with opened(path) as outbox:
        assert await _numbers(outbox) == [0, 1, 2, 10, 11, 12]
        assert outbox.streams["a"].histories == ()


async def test_a_period_survives_damage_elsewhere(path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(10, 13)), *packets("b", range(10, 13))])
        await _plan(outbox, 0, 5)
        await _queue(outbox, range(3))
        before = _history(outbox)
    with closing(connect(path)) as connection:
        connection.execute("UPDATE packets SET checksum = 0 WHERE stream = 2")
    async with opened(path) as outbox:
        assert await outbox.peek("b", None, 9) == []
        assert _history(outbox) == before
        assert await _numbers(outbox) == [0, 1, 2]
    assert len(bodies(path)["a"]) == 6
