"""The oracle can fail: each way to break the promise gives its complaint."""

import pytest

from custom_components.wattics.delivery.acknowledgements import GROUP

from .agent import samples
from .record import Kind, Record

STREAMS = 2


def bodies(tick: int) -> list[str]:
    """Return what the agent makes of a tick."""
    return [packet.encode().decode() for packet in samples(tick, STREAMS)]


def queue(record: Record, tick: int, *, kept: bool = True) -> list[str]:
    """Let the agent sample a tick."""
    for body in bodies(tick):
        record.agent_said(f"trying {body}")
    if kept:
        record.agent_said("kept")
    return bodies(tick)


def deliver(record: Record, *sent: str) -> list[str]:
    """Let packets be sent and acknowledged."""
    for body in sent:
        record.agent_said(f"sent {body}")
        record.agent_said(f"answered 200 {body}")
    return list(sent)


def kinds(record: Record, accepted: list[str], rejected: tuple[str, ...] = ()) -> list[Kind]:
    """Return what the oracle finds."""
    return [complaint.kind for complaint in record.complaints(accepted, rejected)]


@pytest.fixture
def record() -> Record:
    """Return the record of three ticks of two streams that were delivered as they should."""
    record = Record()
    for tick in range(3):
        deliver(record, *queue(record, tick))
    return record


@pytest.fixture
def accepted() -> list[str]:
    """Return what the collector accepted of it."""
    return [body for tick in range(3) for body in bodies(tick)]


def test_all_is_well(record: Record, accepted: list[str]) -> None:
    assert kinds(record, accepted) == []
    assert record.next_tick == 3


def test_a_lost_packet(record: Record, accepted: list[str]) -> None:
    lost = accepted.pop(2)

    assert record.complaints(accepted, []) == [(Kind.LOST, f"never arrived: {lost}")]


def test_a_swapped_order(record: Record, accepted: list[str]) -> None:
    accepted[0], accepted[2] = accepted[2], accepted[0]

    assert kinds(record, accepted) == [Kind.OUT_OF_ORDER]


def test_a_packet_that_was_overtaken(record: Record, accepted: list[str]) -> None:
    """The collector discards it: it is lost, and out of order."""
    record.collector_said(f"discarded {accepted.pop(0)}")

    assert kinds(record, accepted) == [Kind.LOST, Kind.OUT_OF_ORDER]


def test_a_changed_byte(record: Record, accepted: list[str]) -> None:
    accepted[1] = accepted[1].replace("1.25", "1.26")

    assert kinds(record, accepted) == [Kind.CHANGED, Kind.LOST]


def test_a_packet_that_was_accepted_twice(record: Record, accepted: list[str]) -> None:
    assert kinds(record, [*accepted, accepted[-1]]) == [Kind.OUT_OF_ORDER]


def test_a_duplicate_without_a_reason(record: Record, accepted: list[str]) -> None:
    record.collector_said(f"discarded {accepted[0]}")

    assert kinds(record, accepted) == [Kind.DUPLICATE]


def test_a_duplicate_after_an_end_in_order(record: Record, accepted: list[str]) -> None:
    record.agent_ended(killed=False)
    record.collector_said(f"discarded {accepted[0]}")

    assert kinds(record, accepted) == [Kind.DUPLICATE]


@pytest.mark.parametrize("ending", ["broken TimeoutError", "answered 503"])
def test_a_duplicate_after_a_spoiled_answer(record: Record, accepted: list[str], ending: str) -> None:
    """One is explained, a second one is not."""
    body, _ = queue(record, 3)
    record.agent_said(f"sent {body}")
    record.agent_said(f"{ending} {body}")
    accepted += deliver(record, *bodies(3))

    record.collector_said(f"discarded {body}")
    assert kinds(record, accepted) == []
    record.collector_said(f"discarded {body}")
    assert kinds(record, accepted) == [Kind.DUPLICATE]


def test_a_duplicate_of_a_packet_on_the_way_at_a_kill(record: Record, accepted: list[str]) -> None:
    body, _ = queue(record, 3)
    record.agent_said(f"sent {body}")
    record.agent_ended(killed=True)
    accepted += deliver(record, *bodies(3))
    record.collector_said(f"discarded {body}")

    assert kinds(record, accepted) == []


def test_duplicates_of_the_last_group_at_a_kill() -> None:
    """And none of an earlier one."""
    record = Record()
    accepted = [body for tick in range(GROUP) for body in deliver(record, *queue(record, tick))]
    record.agent_ended(killed=True)

    for body in accepted[-GROUP:]:
        deliver(record, body)
        record.collector_said(f"discarded {body}")
    assert kinds(record, accepted) == []
    record.collector_said(f"discarded {accepted[-GROUP - 1]}")
    assert kinds(record, accepted) == [Kind.DUPLICATE]
    record.agent_ended(killed=False)
    assert record.most_sent_again == GROUP


def test_half_a_tick(record: Record, accepted: list[str]) -> None:
    """What was being queued at a kill is there, or not: but as a whole."""
    first, second = queue(record, 3, kept=False)
    record.agent_ended(killed=True)

    assert kinds(record, accepted) == []
    assert kinds(record, [*accepted, first, second]) == []
    assert kinds(record, [*accepted, first]) == [Kind.LOST]


def test_two_of_a_stream_at_once(record: Record, accepted: list[str]) -> None:
    first, _ = queue(record, 3)
    second, _ = queue(record, 4)
    record.agent_said(f"sent {first}")
    record.agent_said(f"sent {second}")

    assert kinds(record, [*accepted, *bodies(3), *bodies(4)]) == [Kind.OUT_OF_ORDER]


def test_an_older_one_after_a_newer_one(record: Record, accepted: list[str]) -> None:
    deliver(record, accepted[0])

    assert kinds(record, accepted) == [Kind.OUT_OF_ORDER]


def test_sent_as_it_was_never_sampled(record: Record, accepted: list[str]) -> None:
    deliver(record, bodies(7)[0])

    assert kinds(record, accepted) == [Kind.CHANGED]


def test_rejected_packets(record: Record, accepted: list[str]) -> None:
    """Three refusals, and not one that had arrived."""
    body, other = queue(record, 3)
    accepted += deliver(record, other)
    for _ in range(2):
        record.agent_said(f"sent {body}")
        record.agent_said(f"answered 400 {body}")
    assert kinds(record, accepted, (body,)) == [Kind.LOST]

    record.agent_said(f"sent {body}")
    record.agent_said(f"answered 400 {body}")
    assert kinds(record, accepted, (body,)) == []
    assert kinds(record, [*accepted, body], (body,)) == [Kind.OTHER]
    record.agent_said("unread 503")
    assert kinds(record, [*accepted, body], (body,)) == []


@pytest.mark.parametrize("line", ["salvaged", "late stream-0", "died OSError()"])
def test_what_the_outbox_must_not_say(record: Record, accepted: list[str], line: str) -> None:
    record.agent_said(line)

    assert kinds(record, accepted) == [Kind.OTHER]


def test_what_is_no_packet(record: Record, accepted: list[str]) -> None:
    record.collector_said("refused nonsense")

    assert kinds(record, accepted) == [Kind.CHANGED]
