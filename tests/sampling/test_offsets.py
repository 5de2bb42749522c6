"""Offsets by the packets that they were in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from custom_components.wattics.sampling.offsets import CHANGES_KEPT, Offsets

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def _offsets(changes: int) -> Offsets:
    """Return offsets that changed with every second packet."""
    offsets = Offsets()
    for packet in range(2 * changes):
        offsets.note(START + timedelta(minutes=packet), {"pC_1": Decimal(packet // 2)})
    return offsets


def test_each_packet_has_those_of_its_instant() -> None:
    offsets = _offsets(3)

    assert offsets.at(START - timedelta(minutes=1)) == {}
    assert [offsets.at(START + timedelta(minutes=packet))["pC_1"] for packet in range(8)] == [
        0,
        0,
        1,
        1,
        2,
        2,
        2,
        2,
    ]


def test_only_the_latest_changes_are_kept() -> None:
    offsets = _offsets(CHANGES_KEPT + 1)

    assert offsets.at(START) == {}
    assert offsets.at(START + timedelta(minutes=2)) == {"pC_1": 1}


def test_those_of_packets_that_were_raised() -> None:
    offsets = _offsets(2)
    offsets.raise_by({"pC_1": Decimal("0.5"), "pC_2": Decimal(7)})

    assert [offsets.at(START + timedelta(minutes=packet)) for packet in (0, 3)] == [
        {"pC_1": Decimal("0.5")},
        {"pC_1": Decimal("1.5")},
    ]
