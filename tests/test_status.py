"""What the figures of a stream mean in one word, which word comes first, and what is a problem."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from types import MappingProxyType

import pytest

from custom_components.wattics.delivery.database import StreamRecord
from custom_components.wattics.delivery.lane import Lane, Trouble
from custom_components.wattics.sampling.stream import Stream
from custom_components.wattics.source_watch import SourceTroubles
from custom_components.wattics.status import PROBLEMS, Sampled, Situation, Status, instant_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STREAM = Stream("key", "main", "Main", 60, MappingProxyType({}))


def _milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _record(*, queued: int = 0, oldest: datetime | None = None, pushed_at: datetime | None = NOW) -> StreamRecord:
    return StreamRecord(
        key=1,
        stream_id="main",
        since=_milliseconds(NOW),
        newest=None,
        acknowledged=None,
        pushed_at=None if pushed_at is None else _milliseconds(pushed_at),
        queued=queued,
        pushed=0,
        rejected=0,
        dropped=0,
        oldest=None if oldest is None else _milliseconds(oldest),
    )


def _lane(trouble: Trouble = Trouble.NONE, *, not_processed: bool = False) -> Lane:
    lane = Lane("main", trouble=trouble)
    lane.verification.not_processed = not_processed
    return lane


def _well(interval: int = 60) -> Situation:
    """Return a stream of which nothing is to be said."""
    return Situation(
        stream=replace(STREAM, interval=interval),
        sampled=Sampled(NOW, last_sample=NOW),
        sources=SourceTroubles(),
        registers=None,
        record=_record(),
        newest_rejected=None,
        lane=_lane(),
        storage_failed=False,
        unauthorized=False,
        server_answers=True,
    )


def _never_pushed(situation: Situation) -> Situation:
    record = situation.record or _record()
    return replace(situation, record=record._replace(pushed_at=None))


def _server_away(situation: Situation) -> Situation:
    record = situation.record or _record()
    return replace(situation, record=record._replace(queued=1), server_answers=False)


def _not_processed(situation: Situation) -> Situation:
    lane = situation.lane or _lane()
    return replace(situation, lane=_lane(lane.trouble, not_processed=True))


def _in(trouble: Trouble) -> Callable[[Situation], Situation]:
    def apply(situation: Situation) -> Situation:
        lane = situation.lane or _lane()
        return replace(situation, lane=_lane(trouble, not_processed=lane.verification.not_processed))

    return apply


def _sampled(**changes: bool) -> Callable[[Situation], Situation]:
    return lambda situation: replace(situation, sampled=replace(situation.sampled, **changes))  # type: ignore[arg-type]


CAUSES: dict[Status, Callable[[Situation], Situation]] = {
    Status.STORAGE: lambda situation: replace(situation, storage_failed=True),
    Status.UNAUTHORIZED: lambda situation: replace(situation, unauthorized=True),
    Status.FORBIDDEN: _in(Trouble.FORBIDDEN),
    Status.NOT_FOUND: _in(Trouble.NOT_FOUND),
    Status.REJECTING: _in(Trouble.REJECTING),
    Status.NOT_PROCESSED: _not_processed,
    Status.CLOCK: _sampled(set_back=True),
    Status.NO_DATA: _sampled(without_value=True),
    Status.RETRYING: _server_away,
    Status.WAITING: _never_pushed,
}
"""What brings each status about, the first to be shown first."""

ONE_AT_A_TIME = {Status.FORBIDDEN, Status.NOT_FOUND, Status.REJECTING}
"""A stream is in one of these troubles only."""


def test_nothing_to_be_said() -> None:
    assert _well().status() is Status.OK
    assert not _well().is_problem(NOW)


@pytest.mark.parametrize("status", CAUSES)
def test_each_status_has_its_cause(status: Status) -> None:
    assert CAUSES[status](_well()).status() is status


def test_the_order_of_statuses_is_the_documented_one() -> None:
    assert [*CAUSES, Status.OK] == list(Status)


@pytest.mark.parametrize(("first", "second"), combinations(CAUSES, 2))
def test_the_first_of_two_is_shown(first: Status, second: Status) -> None:
    if {first, second} <= ONE_AT_A_TIME:
        return
    assert CAUSES[first](CAUSES[second](_well())).status() is first
    assert CAUSES[second](CAUSES[first](_well())).status() is first


def test_a_stream_that_is_not_known_yet_waits() -> None:
    situation = replace(_well(), record=None, lane=None)
    assert situation.status() is Status.WAITING
    assert not situation.is_problem(NOW)


@pytest.mark.parametrize(
    ("queued", "trouble", "answers", "status"),
    [
        (0, Trouble.NONE, False, Status.OK),
        (1, Trouble.NONE, False, Status.RETRYING),
        (1, Trouble.RETRYING, True, Status.RETRYING),
        (0, Trouble.RETRYING, True, Status.OK),
        (1, Trouble.NONE, True, Status.OK),
    ],
)
def test_only_who_has_something_to_send_retries(
    queued: int, trouble: Trouble, answers: bool, status: Status
) -> None:
    situation = replace(_well(), record=_record(queued=queued), lane=_lane(trouble), server_answers=answers)
    assert situation.status() is status


@pytest.mark.parametrize("status", CAUSES)
def test_some_statuses_are_a_problem_at_once(status: Status) -> None:
    at_once = status in PROBLEMS
    assert CAUSES[status](_well()).is_problem(NOW) is at_once
    assert at_once is (status.value not in {"no_data", "retrying", "waiting"})


@pytest.mark.parametrize("interval", [5, 60, 86400])
def test_three_intervals_without_a_sample_are_a_problem(interval: int) -> None:
    patience = timedelta(seconds=3 * interval)
    situation = _well(interval)
    assert not situation.is_problem(NOW + patience)
    assert situation.is_problem(NOW + patience + timedelta(seconds=1))
    never = replace(situation, sampled=Sampled(NOW))
    assert not never.is_problem(NOW + patience)
    assert never.is_problem(NOW + patience + timedelta(seconds=1))


@pytest.mark.parametrize(("interval", "patience"), [(5, 900), (60, 900), (300, 900), (600, 1800), (86400, 259200)])
def test_a_packet_that_waits_for_long_is_a_problem(interval: int, patience: int) -> None:
    now = NOW + timedelta(seconds=patience)
    sampled = Sampled(NOW, last_sample=now)
    situation = replace(_well(interval), sampled=sampled, record=_record(queued=1, oldest=NOW))
    assert not situation.is_problem(now)
    assert situation.is_problem(now + timedelta(seconds=1))


def test_instants_keep_their_milliseconds() -> None:
    assert instant_of(1_795_435_200_123) == datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC)
