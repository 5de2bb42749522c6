"""After a kill, packets that had arrived are sent again: none is set aside where Wattics answers 400 to them."""

from pathlib import Path

import pytest

from tests.collector import Collector
from tests.delivery.files import crash_copy
from tests.delivery.packets import packets
from tests.delivery.rig import PASSWORD, USER, delivery

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_refused_after_a_kill(tmp_path: Path) -> None:
    """Three had arrived when the process was killed, the fourth had not: that one alone is new."""
    async with Collector(accounts={USER: PASSWORD}, discarded_status=400) as collector:
        async with delivery(collector, tmp_path / "outbox.db") as rig:
            await rig.start()
            await rig.queue_each(["meter"], range(3))
            await rig.queue(packets("meter", range(3, 4)), delay=60)
            killed = crash_copy(tmp_path / "outbox.db", tmp_path)
        async with delivery(collector, killed) as rig:
            assert rig.outbox.queued == 4
            await rig.start()
            await rig.clock.advance(1)

            assert len(collector.discarded) == 3
            assert len(collector.accepted) == 4
            assert (rig.outbox.queued, rig.outbox.streams["meter"].rejected) == (0, 0)
            assert not rig.lane("meter").restored
