"""What can go wrong in a round, drawn at random."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from random import Random
from typing import Any, Final, NamedTuple

type Draw = Callable[[Random], dict[str, Any]]


class AgentEvent(StrEnum):
    """What happens to the agent."""

    KILLED = "agent killed at any moment"
    KILLED_STARTING = "agent killed while it starts"
    KILLED_QUEUING = "agent killed while it queues samples"
    KILLED_ANSWERED = "agent killed just after an answer"
    STOPPED = "agent stopped in order"


class ServerEvent(StrEnum):
    """What happens to the collector."""

    DOWN = "collector down for a while"
    KILLED = "collector killed"
    FROZEN = "collector frozen for a while"


class Round(NamedTuple):
    """What goes wrong in one round; all times are seconds of the machine."""

    faults: list[tuple[str, dict[str, Any]]]
    """Name and the collector's description of the answers that are spoiled."""
    agent: AgentEvent | None
    server: ServerEvent | None
    before: float
    """Until something happens to a process."""
    delay: float
    """From the moment that was waited for to the kill."""
    outage: float
    """As long stays the collector away."""
    clear: bool
    """Whether answers are good again at the end of the round."""


def _status(status: int, *, accept: bool = False, one_stream: bool = False, most: int = 4) -> Draw:
    def draw(random: Random) -> dict[str, Any]:
        fault = {"kind": "status", "status": status, "accept": accept, "times": random.randint(1, most)}
        return _for_one_stream(fault, random) if one_stream else fault

    return draw


def _retry_after(status: int) -> Draw:
    def draw(random: Random) -> dict[str, Any]:
        seconds = random.randint(0, 5)
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        wait = random.choice([str(seconds), date, "soon"])
        return {
            "kind": "status",
            "status": status,
            "headers": {"Retry-After": wait},
            "times": random.randint(1, 4),
        }

    return draw


def _slow(least: float, most: float) -> Draw:
    return lambda random: {"kind": "slow", "seconds": random.uniform(least, most), "times": random.randint(1, 4)}


def _plain(kind: str, **members: Any) -> Draw:
    return lambda random: {"kind": kind, "times": random.randint(1, 4), **members}


def _refusal_for_good(random: Random) -> dict[str, Any]:
    return _for_one_stream({"kind": "status", "status": random.choice([400, 413, 422]), "times": 3}, random)


def _nonsense_read_back(random: Random) -> dict[str, Any]:
    body = random.choice(
        ["", "{}", "<html>", '{"id": 5}', "[]", '{"id":"other","tsISO8601":"2020-01-01T00:00:00Z"}']
    )
    return {"kind": "read_back", "body": body, "times": random.randint(1, 4)}


def _for_one_stream(fault: dict[str, Any], random: Random) -> dict[str, Any]:
    return {**fault, "stream": f"stream-{random.randrange(STREAMS)}"}


STREAMS: Final = 6
"""How many streams the agent has."""

LOCKED_OUT: Final = "401"
"""The account waits for a quarter of an hour: only with an end of the agent in the same round."""

NONSENSE: Final = "read-back-nonsense"

REFUSED_FOR_GOOD: Final = "400-for-good"
REFUSED_SECONDS: Final = 1.8
"""As long does the agent take for three refusals."""

ANSWERS: Final[Mapping[str, Draw]] = {
    "503": _status(503),
    "503-retry-after": _retry_after(503),
    "503-although-accepted": _status(503, accept=True),
    "429-retry-after": _retry_after(429),
    "408": _status(408),
    "500-for-one-stream": _status(500, one_stream=True, most=8),
    LOCKED_OUT: _status(401, most=1),
    "403-for-one-stream": _status(403, one_stream=True, most=2),
    "404-for-one-stream": _status(404, one_stream=True, most=2),
    "400": _status(400, one_stream=True, most=2),
    "400-although-accepted": _status(400, accept=True, one_stream=True, most=1),
    REFUSED_FOR_GOOD: _refusal_for_good,
    "redirect": _plain("redirect"),
    "hang": _plain("hang"),
    "hang-although-accepted": _plain("hang", accept=True),
    "reset": _plain("reset"),
    "reset-although-accepted": _plain("reset", accept=True),
    "slow": _slow(0.01, 0.3),
    "slower-than-the-time-out": _slow(0.7, 1.0),
    "truncated": _plain("truncated"),
    "close-announced": _plain("close", announced=True),
    "close-silently": _plain("close", announced=False),
    NONSENSE: _nonsense_read_back,
    "read-back-503": _plain("status", status=503, method="GET"),
}
"""Spoiled answers by name."""


def draw_round(random: Random) -> Round:
    """Draw a round: up to four kinds of spoiled answers, and half of the time something with the processes."""
    names = random.sample(list(ANSWERS), random.choice([0, 1, 2, 2, 3, 3, 4]))
    faults = [(name, {"method": "POST", **ANSWERS[name](random)}) for name in names]
    for name, fault in faults:
        if name.startswith("read-back"):
            fault["method"] = "GET"
    agent = random.choice([*AgentEvent, *[None] * 3])
    if LOCKED_OUT in names and agent is None:
        agent = random.choice(list(AgentEvent))
    server = random.choice([*ServerEvent, *[None] * 5])
    before = random.uniform(0.02, 0.3)
    if names and names[0] == REFUSED_FOR_GOOD and LOCKED_OUT not in names:
        agent, server, before = None, None, REFUSED_SECONDS
    return Round(
        faults,
        agent,
        server,
        before,
        delay=random.choice([0.0, random.uniform(0.0, 0.003), random.uniform(0.0, 0.02)]),
        outage=random.choice([random.uniform(0.02, 0.2), random.uniform(0.2, 0.8)]),
        clear=random.random() < 0.6,
    )
