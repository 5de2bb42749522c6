"""What a campaign came to, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
import json
from typing import Any

from .campaign import Campaign
from .faults import ANSWERS, AgentEvent, ServerEvent
from .record import Complaint, Kind

ROUNDS_FOR_ALL_KINDS = 300
"""A campaign of so many rounds must have seen every kind of fault."""

_COMPLAINTS_SHOWN = 20
_SEEN = (
    *AgentEvent,
    *ServerEvent,
    *(f"fault: {name}" for name in ANSWERS),
    "kills while samples were queued",
    "kills with packets on the way",
    "acknowledged packets sent again after a kill",
    "fresh samples delivered",
)


def unseen(counts: Mapping[str, int], rounds: int) -> list[str]:
    """Return the kinds of faults that a long campaign missed."""
    return [name for name in _SEEN if not counts[name]] if rounds >= ROUNDS_FOR_ALL_KINDS else []


def summary(campaign: Campaign, seed: int, seconds: float) -> dict[str, Any]:
    """Return the figures of a campaign."""
    record = campaign.record
    rounds = record.counts["rounds"]
    return {
        "seed": seed,
        "rounds": rounds,
        "seconds": round(seconds, 1),
        "kept": len(record.kept),
        "accepted": campaign.accepted,
        "set aside after three refusals": campaign.rejected,
        "of these because the read-back was spoiled, too": campaign.needless,
        **by_kind(campaign.complaints),
        "discarded duplicates, each explained": record.discarded.total(),
        "most acknowledged packets sent again after one kill": record.most_sent_again,
        "ticks cut off by a kill": record.cut_off_ticks,
        "of these on disk all the same": record.committed_ticks,
        "slowest drain in seconds": round(campaign.slowest_drain, 2),
        "counts": dict(sorted(record.counts.items())),
        "not seen": unseen(record.counts, rounds),
    }


def by_kind(complaints: Iterable[Complaint]) -> dict[str, int]:
    """Return how many complaints there are of each kind."""
    counted = Counter(complaint.kind for complaint in complaints)
    return {str(kind): counted[kind] for kind in Kind}


def lines(figures: Mapping[str, Any], complaints: list[Complaint]) -> Iterator[str]:
    """Yield a table, the first complaints, and the figures as JSON on the last line."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield ""
            yield from (f"{count:>8}  {name}" for name, count in value.items())
            yield ""
        elif value or not isinstance(value, list):
            yield f"{value!s:>8}  {name}"
    yield from (f"{kind}: {text}" for kind, text in complaints[:_COMPLAINTS_SHOWN])
    yield json.dumps(figures)
