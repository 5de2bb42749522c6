"""The outbox: what it keeps through a power cut, what it counts, and to whom packets belong."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from datetime import timedelta, tzinfo
from pathlib import Path
import threading
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies
import pytest

from custom_components.wattics.delivery.database import HOUR, Acknowledgement
from custom_components.wattics.delivery.errors import OutboxError
from custom_components.wattics.delivery.outbox import Outbox, OutboxThread, milliseconds
from custom_components.wattics.delivery.packet import PARAMETERS, Packet
from custom_components.wattics.delivery.registers import Register

from .files import (
    OTHER_URL,
    URL,
    acknowledge,
    assert_consistent,
    assert_counters,
    bodies,
    connect,
    crash_copy,
    figures,
    opened,
)
from .packets import FIRST, FIRST_MILLISECONDS, STEP, packet, packets

DAY = 24 * HOUR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "account.db"


@pytest.fixture
async def outbox(path: Path, tmp_path: Path) -> AsyncGenerator[Outbox]:
    """Give an empty outbox; what it tells must be what its file holds when the test is over."""
    async with opened(path) as outbox:
        yield outbox
        await assert_consistent(outbox, path, tmp_path)


# What is kept


async def test_packets_are_kept_byte_for_byte(outbox: Outbox, path: Path) -> None:
    sent = packets("meter", range(5))
    for one in sent:
        assert await outbox.append([one]) == []
    expected = [one.encode() for one in sent]
    assert [waiting.body for waiting in await outbox.peek("meter", None, 10)] == expected
    assert bodies(path) == {"meter": expected}


async def test_packets_survive_a_restart(path: Path, tmp_path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.append([packet("a"), packet("b")])
        await acknowledge(outbox, "a", 1, at=7)
        before = dict(outbox.streams)
    assert not path.with_name("account.db-wal").exists()
    async with opened(path) as outbox:
        assert outbox.streams == before
        assert [waiting.body for waiting in await outbox.peek("b", None, 10)] == [packet("b").encode()]
        await assert_consistent(outbox, path, tmp_path)


async def test_packets_survive_a_power_cut(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    for number in range(20):
        await outbox.append([packet("a", number), packet("b", number)])
        copy = crash_copy(path, tmp_path)
        assert {stream: len(waiting) for stream, waiting in bodies(copy).items()} == {
            "a": number + 1,
            "b": number + 1,
        }
        assert_counters(copy)


async def test_samples_are_durable(outbox: Outbox, path: Path) -> None:
    """A power cut takes what SQLite was not told to bring to the disk: no copy of a file shows that."""
    durable: list[int] = []
    await outbox.register(["meter", "other"], 0)
    database = await outbox._ready()

    def watch() -> None:
        database._connection.set_trace_callback(
            lambda statement: (
                durable.append(database._connection.execute("PRAGMA synchronous").fetchone()[0])
                if statement == "COMMIT"
                else None
            )
        )

    await outbox._thread.run(watch)
    full, normal = 2, 1
    await outbox.append([packet("meter", 0), packet("other", 0)])
    await outbox.append([packet("meter", 1)])
    assert durable == [full, full]
    await outbox.save_registers([Register("meter", "pC_1", "state")])
    assert durable.pop() == full
    await acknowledge(outbox, "meter", 1)
    assert durable == [full, full, normal]
    [waiting] = await outbox.peek("meter", None, 1)
    await outbox.reject(waiting, 400, "no", 0)
    assert durable == [full, full, normal, full]
    assert path.with_name("account.db-wal").exists()


async def test_one_tick_is_one_transaction(outbox: Outbox, path: Path) -> None:
    """A packet that can't be encoded, the last of its tick, leaves nothing half done."""
    with pytest.raises(ValueError, match="finite"):
        await outbox.append([packet("a"), Packet("b", FIRST, {"aP_1": float("nan")})])
    assert bodies(path) == {}
    assert outbox.streams == {}
    await outbox.append([packet("a"), packet("b")])


# Order


async def test_packets_come_in_order(outbox: Outbox) -> None:
    for number in range(10):
        await outbox.append([packet("b", number), packet("a", number)])
    first = await outbox.peek("a", None, 4)
    assert [waiting.instant for waiting in first] == [FIRST_MILLISECONDS + STEP * n for n in range(4)]
    rest = await outbox.peek("a", first[-1].instant, 100)
    assert [waiting.body for waiting in rest] == [one.encode() for one in packets("a", range(4, 10))]
    assert await outbox.peek("a", rest[-1].instant, 100) == []
    assert await outbox.peek("unknown", None, 100) == []


async def test_late_samples_are_not_queued(outbox: Outbox) -> None:
    await outbox.append([packet("a", 5)])
    late = [packet("a", 5), packet("a", 4), packet("b", 4)]
    assert await outbox.append(late) == ["a", "a"]
    assert figures(outbox.streams["a"]) == (1, 0, 0, 0)
    assert figures(outbox.streams["b"]) == (1, 0, 0, 0)
    # Nor after the newest one was acknowledged.
    await acknowledge(outbox, "a", 1)
    assert await outbox.append([packet("a", 5)]) == ["a"]
    assert await outbox.append([packet("a", 6)]) == []
    assert outbox.streams["a"].newest == FIRST_MILLISECONDS + 6 * STEP


async def test_the_repeated_hour_is_in_order(outbox: Outbox) -> None:
    zone = ZoneInfo("Europe/Rome")
    night = [(FIRST.replace(month=10, day=25, hour=0) + timedelta(minutes=30 * n)) for n in range(4)]
    local = [Packet("meter", instant.astimezone(zone), {"aP_1": 1}) for instant in night]
    assert await outbox.append(local) == []
    texts = [waiting.body[27:56] for waiting in await outbox.peek("meter", None, 9)]
    assert [text[text.index(b"T") + 1 :][:5] for text in texts] == [b"02:00", b"02:30", b"02:00", b"02:30"]


# What is counted


async def test_counters(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.register(["a", "b"], 17)
    assert (outbox.queued, outbox.oldest, outbox.pushed, outbox.dropped) == (0, None, 0, 0)
    assert outbox.streams["a"].since == 17
    await outbox.register(["a"], 18)
    assert outbox.streams["a"].since == 17
    for number in range(6):
        await outbox.append([packet("a", number), packet("b", number)])
        await assert_consistent(outbox, path, tmp_path)
    assert (outbox.queued, outbox.oldest) == (12, FIRST_MILLISECONDS)
    await acknowledge(outbox, "a", 3, at=99)
    await assert_consistent(outbox, path, tmp_path)
    assert figures(outbox.streams["a"]) == (3, 3, 0, 0)
    record = outbox.streams["a"]
    assert (record.oldest, record.acknowledged, record.pushed_at) == (
        FIRST_MILLISECONDS + 3 * STEP,
        FIRST_MILLISECONDS + 2 * STEP,
        99,
    )
    assert (outbox.queued, outbox.oldest, outbox.pushed) == (9, FIRST_MILLISECONDS, 3)
    [waiting] = await outbox.peek("b", None, 1)
    await outbox.reject(waiting, 400, "no", 5)
    await assert_consistent(outbox, path, tmp_path)
    assert figures(outbox.streams["b"]) == (5, 0, 1, 0)
    assert await outbox.discard("a") == 3
    await assert_consistent(outbox, path, tmp_path)
    assert figures(outbox.streams["a"]) == (0, 3, 0, 0)
    assert await outbox.discard() == 6
    assert figures(outbox.streams["b"]) == (0, 0, 0, 0)
    assert (outbox.queued, outbox.oldest, outbox.pushed) == (0, None, 3)


async def test_acknowledging_twice_counts_once(outbox: Outbox) -> None:
    await outbox.append(packets("meter", range(3)))
    waiting = await outbox.peek("meter", None, 2)
    group = [Acknowledgement("meter", one, 0) for one in waiting]
    await outbox.acknowledge(group)
    await outbox.acknowledge(group)
    assert figures(outbox.streams["meter"]) == (1, 2, 0, 0)
    assert outbox.acknowledged_since("meter", 0) == 2


async def test_acknowledging_what_was_dropped_meanwhile(outbox: Outbox) -> None:
    await outbox.append(packets("meter", range(3)))
    waiting = await outbox.peek("meter", None, 3)
    await outbox.discard("meter")
    await outbox.acknowledge([Acknowledgement("meter", one, 0) for one in waiting])
    await outbox.reject(waiting[0], 400, "no", 0)
    assert figures(outbox.streams["meter"]) == (0, 0, 0, 0)


@pytest.mark.parametrize("gone", ["discarded", "forgotten", "tidied"])
async def test_a_late_answer_takes_no_other_packet(outbox: Outbox, gone: str) -> None:
    """The answer for a packet that is no longer there must not be taken for one that came after."""
    await outbox.append([packet("a", 0)])
    waiting = await outbox.peek("a", None, 1)
    match gone:
        case "discarded":
            await outbox.discard("a")
        case "forgotten":
            await outbox.forget("a")
        case _:
            await outbox.tidy(FIRST_MILLISECONDS + 2 * DAY, DAY, 10**9)
    await outbox.append([packet("b", 1)])
    await outbox.acknowledge([Acknowledgement("a", waiting[0], 0)])
    await outbox.reject(waiting[0], 400, "no", 0)
    assert figures(outbox.streams["b"]) == (1, 0, 0, 0)
    assert len(await outbox.peek("b", None, 9)) == 1


async def test_deliveries_by_the_hour(outbox: Outbox) -> None:
    await outbox.append(packets("meter", range(30)))
    await acknowledge(outbox, "meter", 30)
    assert outbox.acknowledged_since("meter", 0) == 30
    assert outbox.acknowledged_since("meter", FIRST_MILLISECONDS + HOUR) == 18
    assert outbox.acknowledged_since("meter", FIRST_MILLISECONDS + 2 * HOUR - 1) == 18
    assert outbox.acknowledged_since("meter", FIRST_MILLISECONDS + 3 * HOUR) == 0
    await outbox.tidy(FIRST_MILLISECONDS + 26 * HOUR, DAY, 10**9)
    assert outbox.acknowledged_since("meter", 0) == 18


async def test_many_at_once(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    """Whatever is under way at the same time, what the outbox tells is what its file holds."""
    streams = [f"stream {n}" for n in range(8)]
    for number in range(10):
        await outbox.append([packet(stream, number) for stream in streams])

    async def sample() -> None:
        for number in range(10, 30):
            await outbox.append([packet(stream, number) for stream in streams])

    async def deliver(stream: str) -> None:
        for _ in range(10):
            await acknowledge(outbox, stream, 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(sample())
        for stream in streams[:4]:
            group.create_task(deliver(stream))
        for stream in streams[4:6]:
            group.create_task(outbox.discard(stream))
            group.create_task(outbox.discard_rejected(stream))
        group.create_task(outbox.forget(streams[6]))
        group.create_task(outbox.rename(streams[7], "renamed"))
    await assert_consistent(outbox, path, tmp_path)


# Bounds


async def test_tidy_by_age(outbox: Outbox) -> None:
    await outbox.append([*packets("a", range(4)), *packets("b", range(4))])
    now = FIRST_MILLISECONDS + 2 * STEP + DAY
    assert await outbox.tidy(now, DAY, 10**9) == 4
    assert outbox.dropped == 4
    assert [waiting.body for waiting in await outbox.peek("a", None, 9)] == [
        one.encode() for one in packets("a", range(2, 4))
    ]
    assert figures(outbox.streams["b"]) == (2, 0, 0, 2)
    assert await outbox.tidy(now, DAY, 10**9) == 0
    assert outbox.dropped == 4


async def test_tidy_by_size(outbox: Outbox, path: Path) -> None:
    await outbox.append(packets("a", range(2000)))
    with closing(connect(path)) as connection:
        (size,) = connection.execute("SELECT bytes FROM streams").fetchone()
    assert await outbox.tidy(FIRST_MILLISECONDS, 999 * DAY, size) == 0
    dropped = await outbox.tidy(FIRST_MILLISECONDS, 999 * DAY, size // 4)
    assert 1500 <= dropped <= 1510
    oldest = await outbox.peek("a", None, 1)
    assert oldest[0].body == packet("a", dropped).encode()
    assert figures(outbox.streams["a"]) == (2000 - dropped, 0, 0, dropped)
    assert await outbox.tidy(FIRST_MILLISECONDS, 999 * DAY, 0) == 2000 - dropped
    assert outbox.queued == 0


async def test_rejected_packets_make_room_first(outbox: Outbox) -> None:
    await outbox.append(packets("a", range(4)))
    for waiting in await outbox.peek("a", None, 2):
        await outbox.reject(waiting, 400, "no", 0)
    size = len(packet("a").encode()) + 64
    assert await outbox.tidy(FIRST_MILLISECONDS, DAY, 2 * size) == 2
    assert figures(outbox.streams["a"]) == (2, 0, 0, 2)
    assert len(await outbox.peek("a", None, 9)) == 2


async def test_counts_survive_the_stream(outbox: Outbox, path: Path, tmp_path: Path) -> None:
    await outbox.append([*packets("a", range(4)), *packets("b", range(4))])
    await acknowledge(outbox, "a", 2)
    await acknowledge(outbox, "b", 1)
    await outbox.tidy(FIRST_MILLISECONDS + 3 * STEP + DAY, DAY, 10**9)
    pushed, dropped = outbox.pushed, outbox.dropped
    assert (pushed, dropped) == (3, 3)
    assert await outbox.forget("a") == 1
    assert "a" not in outbox.streams
    assert (outbox.pushed, outbox.dropped) == (pushed, dropped)
    await assert_consistent(outbox, path, tmp_path)
    # A stream that is added again begins anew, and its old samples may come again.
    assert await outbox.append([packet("a", 0)]) == []
    assert figures(outbox.streams["a"]) == (1, 0, 0, 0)
    assert outbox.acknowledged_since("a", 0) == 0
    assert (outbox.pushed, outbox.dropped) == (pushed, dropped)
    assert await outbox.forget("unknown") == 0


# Rejected packets


async def test_rejected_packets_are_kept(outbox: Outbox) -> None:
    await outbox.append([*packets("a", range(3)), packet("b", 0)])
    for number, waiting in enumerate(await outbox.peek("a", None, 2)):
        await outbox.reject(waiting, 400 + number, f"reason {number}", 1000 + number)
    kept = await outbox.rejected()
    assert [(one.stream_id, one.instant, one.body, one.status, one.reason, one.at) for one in kept] == [
        ("a", FIRST_MILLISECONDS + STEP * n, packet("a", n).encode(), 400 + n, f"reason {n}", 1000 + n)
        for n in (1, 0)
    ]
    assert await outbox.rejected("b") == []
    assert len(await outbox.rejected("a", limit=1)) == 1


async def test_retry_rejected(outbox: Outbox) -> None:
    await outbox.append(packets("a", range(5)))
    waiting = await outbox.peek("a", None, 5)
    for number in (0, 2, 3):
        await outbox.reject(waiting[number], 400, "no", 0)
    await outbox.acknowledge([Acknowledgement("a", waiting[1], 0)])
    retried = await outbox.retry_rejected("a")
    assert (retried.queued, retried.too_late) == (2, [("a", FIRST_MILLISECONDS)])
    assert figures(outbox.streams["a"]) == (3, 1, 1, 0)
    assert [one.body for one in await outbox.peek("a", None, 9)] == [
        one.encode() for one in packets("a", range(2, 5))
    ]
    assert await outbox.discard_rejected() == 1
    assert figures(outbox.streams["a"]) == (3, 1, 0, 0)
    assert (await outbox.retry_rejected()).queued == 0


# Another id, another host


@settings(deadline=None, max_examples=30)
@given(
    strategies.text(strategies.characters(codec="utf-8"), min_size=1),
    strategies.dictionaries(
        strategies.sampled_from(list(PARAMETERS)),
        strategies.floats(allow_nan=False, allow_infinity=False),
        min_size=1,
    ),
    strategies.timezones(),
)
async def test_rename_changes_only_the_id(
    tmp_path_factory: pytest.TempPathFactory, stream_id: str, values: dict[str, float], zone: tzinfo
) -> None:
    path = tmp_path_factory.mktemp("rename") / "account.db"
    before = Packet("old", FIRST.astimezone(zone), values)
    async with opened(path) as outbox:
        await outbox.append([before])
        await outbox.rename("old", stream_id)
    expected = Packet(stream_id, before.instant, values).encode()
    assert bodies(path) == {stream_id: [expected]}
    assert expected.partition(b'"tsISO8601"')[2] == before.encode().partition(b'"tsISO8601"')[2]


async def test_rename(outbox: Outbox, path: Path) -> None:
    await outbox.append([*packets("old", range(600)), packet("other")])
    await acknowledge(outbox, "old", 1)
    [waiting] = await outbox.peek("old", None, 1)
    await outbox.reject(waiting, 400, "no", 0)
    await outbox.rename("old", "new, with a longer name")
    assert sorted(outbox.streams) == ["new, with a longer name", "other"]
    assert bodies(path) == {
        "new, with a longer name": [one.encode() for one in packets("new, with a longer name", range(2, 600))],
        "other": [packet("other").encode()],
    }
    record = outbox.streams["new, with a longer name"]
    assert figures(record) == (598, 1, 1, 0)
    # At Wattics the new stream has nothing yet; a sample must still be newer than those that wait.
    assert (record.acknowledged, record.pushed_at) == (None, None)
    assert record.newest == FIRST_MILLISECONDS + 599 * STEP
    assert [one.body for one in await outbox.rejected()] == [packet("new, with a longer name", 1).encode()]
    assert [waiting.stream for waiting in await outbox.peek(record.stream_id, None, 1)] == [record.key]


async def test_rename_to_a_stream_that_is_known(outbox: Outbox, path: Path) -> None:
    await outbox.append([*packets("old", range(4)), *packets("new", range(2, 6))])
    await acknowledge(outbox, "new", 1)
    await acknowledge(outbox, "old", 1)
    [waiting] = await outbox.peek("new", None, 1)
    await outbox.reject(waiting, 400, "no", 0)
    await outbox.rename("old", "new")
    assert bodies(path) == {"new": [one.encode() for one in packets("new", range(1, 6))]}
    assert figures(outbox.streams["new"]) == (5, 1, 1, 0)
    assert (list(outbox.streams), outbox.pushed) == (["new"], 2)
    assert outbox.streams["new"].newest == FIRST_MILLISECONDS + 5 * STEP


async def test_of_two_packets_of_one_instant_one_is_dropped_and_counted(path: Path) -> None:
    merged: list[int] = []
    async with opened(path, on_merged=merged.append) as outbox:
        await outbox.append([*packets("old", range(4)), *packets("new", range(2, 6))])
        await outbox.rename("old", "new")
        assert bodies(path) == {"new": [one.encode() for one in packets("new", range(6))]}
        assert (figures(outbox.streams["new"]), outbox.dropped, merged) == ((6, 0, 0, 2), 2, [2])
        await outbox.rename("new", "newer")
        assert (outbox.dropped, merged) == (2, [2])
        await assert_consistent(outbox, path, path.parent)


async def test_of_two_packets_of_one_instant_for_two_urls_one_is_dropped_and_counted(path: Path) -> None:
    async with opened(path, OTHER_URL) as outbox:
        await outbox.append(packets("a", range(2, 6)))
    merged: list[int] = []
    async with opened(path, on_merged=merged.append) as outbox:
        await outbox.append(packets("a", range(4)))
        await outbox.plan_move(URL, OTHER_URL)
        await outbox.switch(OTHER_URL)
        assert (figures(outbox.streams["a"]), merged) == ((6, 0, 0, 2), [2])


async def test_what_is_dropped_when_the_file_is_opened_for_another_url_is_told(path: Path) -> None:
    async with opened(path, OTHER_URL) as outbox:
        await outbox.append(packets("a", range(2, 6)))
    async with opened(path) as outbox:
        await outbox.append(packets("a", range(4)))
        await outbox.plan_move(URL, OTHER_URL)
    merged: list[int] = []
    async with opened(path, OTHER_URL, merged.append) as outbox:
        assert (outbox.dropped, merged) == (2, [2])


async def test_a_rejected_packet_stays_where_another_of_its_instant_waits(outbox: Outbox, path: Path) -> None:
    other_value = replace(packet("new", 2), values={"value": 999})
    await outbox.append([*packets("old", range(4)), other_value, *packets("new", range(3, 5))])
    for waiting in await outbox.peek("new", None, 3):
        await outbox.reject(waiting, 400, "no", 0)
    await outbox.rename("old", "new")
    assert figures(outbox.streams["new"]) == (4, 0, 3, 0)
    # One is just the same as the one that waits, one is another, and one stands alone.
    retried = await outbox.retry_rejected()
    assert (retried.queued, retried.too_late) == (1, [("new", FIRST_MILLISECONDS + 2 * STEP)])
    assert [one.body for one in await outbox.rejected()] == [other_value.encode()]
    assert bodies(path) == {"new": [one.encode() for one in packets("new", range(5))]}
    assert figures(outbox.streams["new"]) == (5, 0, 1, 0)
    await assert_consistent(outbox, path, path.parent)


async def test_rename_to_itself_or_of_nothing(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a")])
    await outbox.rename("a", "a")
    await outbox.rename("unknown", "other")
    assert bodies(path) == {"a": [packet("a").encode()]}


async def test_move_to_another_url(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a"), *packets("b", range(2))])
    await acknowledge(outbox, "b", 1)
    await outbox.plan_move(URL, OTHER_URL)
    assert await outbox.switch(OTHER_URL) == 0
    assert (bodies(path, URL), bodies(path, OTHER_URL)) == (
        {},
        {"a": [packet("a").encode()], "b": [packet("b", 1).encode()]},
    )
    assert figures(outbox.streams["b"]) == (1, 1, 0, 0)
    assert outbox.streams["b"].acknowledged is None
    assert outbox.pushed == 1
    await outbox.append([packet("a", 1)])
    assert len(await outbox.peek("a", None, 9)) == 2


async def test_switch_without_packets(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a"), *packets("b", range(2))])
    await acknowledge(outbox, "b", 1)
    assert await outbox.switch(OTHER_URL) == 2
    assert bodies(path, URL) == bodies(path, OTHER_URL) == {}
    assert (outbox.streams, outbox.pushed) == ({}, 1)


async def test_a_plan_for_another_url_moves_nothing(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a")])
    await outbox.plan_move(URL, "https://third.example/")
    assert await outbox.switch(OTHER_URL) == 1
    assert bodies(path, OTHER_URL) == {}


async def test_switch_to_the_same_url_changes_nothing(outbox: Outbox, path: Path) -> None:
    """A change that is applied again after a failure must not take the packets with it."""
    await outbox.append([packet("a")])
    assert await outbox.switch(URL) == 0
    await outbox.plan_move(URL, OTHER_URL)
    assert await outbox.switch(OTHER_URL) == await outbox.switch(OTHER_URL) == 0
    assert bodies(path, OTHER_URL) == {"a": [packet("a").encode()]}


async def test_packets_for_another_url_stay_untouched(path: Path, tmp_path: Path) -> None:
    async with opened(path) as outbox:
        await outbox.append([*packets("a", range(3)), packet("b")])
        before = (await outbox.peek("a", None, 9))[-1]
    async with opened(path, OTHER_URL) as outbox:
        assert (outbox.streams, outbox.queued) == ({}, 0)
        assert await outbox.peek("a", None, 9) == []
        await outbox.append([packet("a", 9)])
        assert figures(outbox.streams["a"]) == (1, 0, 0, 0)
        # The oldest go first, whomever they are for; the stream of the same name does not notice.
        await outbox.tidy(FIRST_MILLISECONDS + STEP + DAY, DAY, 10**9)
        assert figures(outbox.streams["a"]) == (1, 0, 0, 0)
        assert outbox.dropped == 2
        # Nor when an answer for such a packet comes after the URL was changed.
        await outbox.acknowledge([Acknowledgement("a", before, 0)])
        assert figures(outbox.streams["a"]) == (1, 0, 0, 0)
        assert await outbox.discard() == 1
        assert await outbox.forget("b") == 0
        await assert_consistent(outbox, path, tmp_path)
    assert bodies(path) == {"a": [packet("a", 1).encode()]}


# What goes wrong


async def test_a_folder_in_the_files_place(path: Path) -> None:
    path.mkdir(parents=True)  # noqa: ASYNC240 - the test alone waits for it
    with pytest.raises(OutboxError):
        async with opened(path):
            pass


async def test_a_file_in_the_folders_place(path: Path) -> None:
    path.parent.write_bytes(b"")
    with pytest.raises(OutboxError):
        async with opened(path):
            pass


async def test_a_locked_file(outbox: Outbox, path: Path) -> None:
    await outbox.append([packet("a", 0)])
    before = dict(outbox.streams)
    with closing(connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OutboxError, match="locked"):
            await outbox.append([packet("a", 1), packet("b", 1)])
        assert len(await outbox.peek("a", None, 9)) == 1
        other.execute("ROLLBACK")
    assert outbox.streams == before
    assert await outbox.append([packet("a", 1), packet("b", 1)]) == []


async def test_a_full_disk(outbox: Outbox) -> None:
    await outbox.append([packet("a", 0)])
    before = dict(outbox.streams)
    database = await outbox._ready()

    def limit(pages: int | None) -> None:
        (current,) = database._connection.execute("PRAGMA page_count").fetchone()
        database._connection.execute(f"PRAGMA max_page_count = {current if pages is None else pages}")

    await outbox._thread.run(limit, None)
    with pytest.raises(OutboxError, match="full"):
        await outbox.append(packets("a", range(1, 500)))
    assert outbox.streams == before
    await outbox._thread.run(limit, 1_000_000)
    assert await outbox.append(packets("a", range(1, 500))) == []
    assert len(await outbox.peek("a", None, 999)) == 500


async def test_a_trigger_that_refuses(outbox: Outbox, path: Path) -> None:
    """Any error of SQLite within a transaction undoes all of it."""
    await outbox.append(packets("a", range(3)))
    waiting = await outbox.peek("a", None, 3)
    before = dict(outbox.streams)
    with closing(connect(path)) as other:
        other.execute(
            f"CREATE TRIGGER refuse BEFORE DELETE ON packets WHEN old.instant = {waiting[1].instant}"
            " BEGIN SELECT raise(ABORT, 'refused'); END"
        )
        with pytest.raises(OutboxError, match="refused"):
            await outbox.acknowledge([Acknowledgement("a", one, 0) for one in waiting])
        with pytest.raises(OutboxError, match="refused"):
            await outbox.reject(waiting[1], 400, "no", 0)
        with pytest.raises(OutboxError, match="refused"):
            await outbox.discard()
        with pytest.raises(OutboxError, match="refused"):
            await outbox.forget("a")
        assert outbox.streams == before
        other.execute("DROP TRIGGER refuse")
    await outbox.acknowledge([Acknowledgement("a", one, 0) for one in waiting])
    assert figures(outbox.streams["a"]) == (0, 3, 0, 0)
    assert outbox.acknowledged_since("a", 0) == 3


async def test_only_one_thread_works_on_the_file(path: Path) -> None:
    thread = OutboxThread()
    names: set[str] = set()
    loop_thread = threading.current_thread().name

    def note() -> None:
        names.add(threading.current_thread().name)

    outboxes = [Outbox(thread, path.with_name(f"{n}.db"), URL) for n in range(3)]
    for outbox in outboxes:
        await outbox.open()
    for number in range(3):
        await asyncio.gather(*(outbox.append([packet("a", number)]) for outbox in outboxes))
        await thread.run(note)
    assert len(names) == 1
    assert loop_thread not in names
    assert all(name.startswith("wattics-outbox") for name in names)
    # SQLite itself refuses a connection to any other thread than the one that opened it.
    database = await outboxes[0]._ready()
    with pytest.raises(Exception, match="thread"):
        database.records()
    for outbox in outboxes:
        await outbox.close()
    thread.stop()
    thread._executor.shutdown()


async def test_the_loop_goes_on_while_the_disk_is_slow(outbox: Outbox) -> None:
    release = threading.Event()
    blocked = asyncio.ensure_future(outbox._thread.run(release.wait))
    appended = asyncio.ensure_future(outbox.append([packet("a")]))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not appended.done()
    release.set()
    assert await blocked
    assert await appended == []


@pytest.mark.parametrize("began", [False, True])
async def test_cancelling_leaves_no_wrong_figures(outbox: Outbox, path: Path, tmp_path: Path, began: bool) -> None:
    """Whoever asked may not wait any more; what is done is known all the same."""
    await outbox.append(packets("a", range(3)))
    waiting = await outbox.peek("a", None, 3)
    group = [Acknowledgement("a", one, 0) for one in waiting[:2]]
    with closing(connect(path)) as other:
        for operation in (
            outbox.append([packet("b")]),
            outbox.acknowledge(group),
            outbox.reject(waiting[2], 400, "no", 0),
        ):
            release = threading.Event()
            blocked = asyncio.ensure_future(outbox._thread.run(release.wait))
            task = asyncio.ensure_future(operation)
            for _ in range(5):
                await asyncio.sleep(0)
            if began:
                # The operation is at work, and waits for the file.
                other.execute("BEGIN IMMEDIATE")
                release.set()
                await blocked
                other.execute("ROLLBACK")
            task.cancel()
            release.set()
            await blocked
            with pytest.raises(asyncio.CancelledError):
                await task
            await outbox._thread.run(int)
            await asyncio.sleep(0)
            await assert_consistent(outbox, path, tmp_path)
    # Acknowledged again, as the uploader does when it was cancelled.
    await outbox.acknowledge(group)
    await outbox.append([packet("b", 1)])


def test_milliseconds() -> None:
    assert milliseconds(FIRST.timestamp()) == FIRST_MILLISECONDS
    assert milliseconds(0.0004999) == 0
    assert milliseconds(1_795_435_200.123) == 1_795_435_200_123


# The thread


async def test_results_come_in_the_order_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where work is done before anybody can wait for it."""
    thread = OutboxThread()
    submit = thread._executor.submit
    begun = threading.Event()
    order: list[str] = []

    async def work(name: str, function: Callable[[], object]) -> None:
        await thread.run(function)
        order.append(name)

    def submit_and_wait(function: Callable[[], object]) -> Future[object]:
        future = submit(function)
        future.result()
        return future

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("first", begun.wait))
            await asyncio.sleep(0)
            begun.set()
            submit_and_wait(lambda: None)  # the first is done, and the loop does not know it yet
            monkeypatch.setattr(thread._executor, "submit", submit_and_wait)
            await work("second", lambda: None)
    finally:
        thread.stop()
    assert order == ["first", "second"]
