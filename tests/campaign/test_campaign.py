"""A short campaign, and the proof that one notices a library that does not keep its promises."""

from pathlib import Path

import pytest

from .campaign import Campaign
from .faults import AgentEvent, ServerEvent
from .record import Kind
from .report import by_kind

pytestmark = pytest.mark.usefixtures("socket_enabled")

ROUNDS = 25
SEED = 24
"""Draws each event at least once, and nearly all faults, in so many rounds."""


async def test_nothing_is_lost(tmp_path: Path) -> None:
    """Kills, outages and spoiled answers: what was sampled arrives once, in order, byte for byte."""
    campaign = Campaign(tmp_path, SEED)

    await campaign.run(ROUNDS)

    assert campaign.complaints == []
    counts = campaign.record.counts
    assert counts["rounds"] == ROUNDS
    assert campaign.accepted >= len(campaign.record.kept) > 0
    assert all(counts[event] for event in (*AgentEvent, *ServerEvent))
    assert counts["kills while samples were queued"]
    assert counts["kills with packets on the way"]
    assert counts["fresh samples delivered"]
    assert sum(count for name, count in counts.items() if name.startswith("fault: ")) >= ROUNDS


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        ("acknowledge-unavailable", {Kind.LOST}),
        ("queue-in-the-background", {Kind.LOST}),
        ("encode-anew", {Kind.CHANGED, Kind.LOST}),
    ],
)
async def test_notices_sabotage(tmp_path: Path, sabotage: str, found: set[Kind]) -> None:
    campaign = Campaign(tmp_path, SEED, sabotage=sabotage)

    await campaign.run(8)

    assert {kind for kind, count in by_kind(campaign.complaints).items() if count} >= found
