"""Kills a real Home Assistant again and again, with the collector up and down: what was on disk has to arrive.

`python -m tests.campaign.home_assistant [--cycles N] [--seed S]`; it needs `scripts/setup run`.
"""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from random import Random, SystemRandom
import signal
import sys
from tempfile import TemporaryDirectory
from threading import Timer
import time
from typing import Any, Final

from custom_components.wattics.delivery.acknowledgements import GROUP
from tests.end_to_end.home import Home, Sample
from tests.home_assistant.process import ProcessEndedError
from tests.home_assistant.wattics import (
    GAS,
    HEATING_WATER_TEMPERATURE,
    MAIN_METER,
    OUTDOOR_TEMPERATURE,
    add_electricity,
    add_single_value,
)

from .figures import show

SECONDS: Final = 5
"""The streams' interval, the shortest there is."""
MOST_STOP_SECONDS: Final = 15.0

_STREAMS: Final = {
    "gas": (GAS, "m³"),
    "outdoor": (OUTDOOR_TEMPERATURE, "°C"),
    "water": (HEATING_WATER_TEMPERATURE, "°C"),
    "water-as-is": (HEATING_WATER_TEMPERATURE, "as_is"),
    "voltage": ("sensor.main_meter_voltage_1", "V"),
}
_LONGEST_START: Final = 8.0


class End(StrEnum):
    """How Home Assistant ends in a cycle."""

    KILLED = "killed at any moment"
    KILLED_AT_BOUNDARY = "killed at a boundary, while samples are written and sent"
    KILLED_STARTING = "killed while it starts"
    STOPPED = "stopped in order"


class HomeCampaign:
    """A home, and what its outbox promised before each restart."""

    def __init__(self, home: Home, seed: int) -> None:
        """Take a home that has been started."""
        self.counts: Counter[str] = Counter()
        self.committed: dict[Sample, None] = {}
        """All that was found on disk when Home Assistant had ended."""
        self.slowest_stop = 0.0
        self.most_sent_again = 0
        """The most packets that had arrived and were on disk all the same when something was killed."""
        self._home = home
        self._random = Random(seed)  # noqa: S311 - has to be repeatable
        self._doubts: Counter[Sample] = Counter()
        self._collector_is_up = True
        self._ends: list[End] = []
        """Those to come, so that none is left out for long."""

    def add_streams(self) -> None:
        """Make the streams, and see that each delivers."""
        api, entry_id = self._home.api, self._home.entry_id
        add_electricity(api, entry_id, "meter", MAIN_METER, seconds=SECONDS)
        for stream_id, (entity, unit) in _STREAMS.items():
            add_single_value(api, entry_id, stream_id, entity, unit, seconds=SECONDS)
        for stream_id in ("meter", *_STREAMS):
            self._home.wait_for_packets(stream_id, 1)
        # Home Assistant writes its registries down some seconds later: a kill would take the meters' entities.
        self._home.home_assistant.stop()
        self._home.home_assistant.start()

    def play(self) -> None:
        """Let Home Assistant end once, start again, and the collector go or come as it pleases."""
        if not self._ends:
            self._ends = self._random.sample(list(End), len(End))
        end = self._ends.pop()
        time.sleep(self._random.uniform(SECONDS, 3.0 * SECONDS))
        if self._random.random() < 0.5:
            self._toggle_collector()
            time.sleep(self._random.uniform(0.0, SECONDS))
        if end is End.KILLED_AT_BOUNDARY:
            # The upload of these short intervals begins up to half an interval later.
            time.sleep(-time.time() % SECONDS + self._random.choice([0.0, 0.02, 0.1, 0.5, 1.0, 2.0]))
        if end is End.STOPPED:
            self._stop()
        else:
            self._kill()
        if end is End.KILLED_STARTING:
            self._kill_starting()
        self._home.home_assistant.start()
        self.counts[end] += 1

    def finish(self) -> None:
        """With the collector up, wait for all that was on disk, and for a fresh packet of each stream."""
        if not self._collector_is_up:
            self._toggle_collector()
        now = datetime.now(UTC)
        for stream_id in ("meter", *_STREAMS):
            self._home.wait_for_packets(stream_id, 1, after=now)
        with suppress(Exception):
            self._home.wait_until(lambda: not self.committed.keys() - set(self._home.accepted()), "all packets")

    def complaints(self) -> Iterator[tuple[str, str]]:
        """Yield the kind and the text of everything that must not be."""
        accepted = self._home.accepted()
        arrived = set(accepted)
        yield from (("lost", sample.body) for sample in self.committed if sample not in arrived)
        newest: dict[str, Sample] = {}
        for sample in accepted:
            before = newest.get(sample.stream_id)
            if before is not None and sample.instant <= before.instant:
                yield "out of order", sample.body
            newest[sample.stream_id] = sample
        stamps = {(sample.stream_id, sample.instant): sample for sample in accepted}
        for sample in self.committed:
            if stamps.get((sample.stream_id, sample.instant), sample) != sample:
                yield "changed", sample.body
        for sample, times in self.discarded().items():
            if sample not in arrived or times > self._doubts[sample]:
                yield "unexplained duplicates", sample.body
        yield from (("refused", one["body"]) for one in self._home.collector.state()["refused"])

    def discarded(self) -> Counter[Sample]:
        """Return what the collectors discarded, as they printed it."""
        lines = self._home.collector.output.path.read_text("utf-8").splitlines()
        return Counter(Sample(line.removeprefix("discarded ")) for line in lines if line.startswith("discarded "))

    def _stop(self) -> None:
        started = time.monotonic()
        code = self._home.home_assistant.stop()
        self.slowest_stop = max(self.slowest_stop, time.monotonic() - started)
        self.counts["ends with a code other than 0"] += code != 0
        self._look()

    def _kill(self) -> None:
        self._home.home_assistant.process.kill()
        self.counts["kills"] += 1
        self._doubt(self._look())

    def _kill_starting(self) -> None:
        def kill() -> None:
            self._home.home_assistant.process.interrupt(signal.SIGKILL)

        timer = Timer(self._random.uniform(0.0, _LONGEST_START), kill)
        timer.start()
        try:
            self._home.home_assistant.start()
        except ProcessEndedError:
            self.counts["kills in the middle of a start"] += 1
        timer.join()
        self._kill()

    def _toggle_collector(self) -> None:
        self._collector_is_up = not self._collector_is_up
        if self._collector_is_up:
            self._home.start_collector()
            self.counts["collector back"] += 1
            return
        if self._random.random() < 0.5:
            self._home.collector.process.kill()
            self.counts["collector killed"] += 1
        else:
            self._home.collector.stop()
            self.counts["collector stopped"] += 1
        self._doubt(self._home.waiting())

    def _look(self) -> list[Sample]:
        """Return what is on disk, and take it as promised."""
        waiting = self._home.waiting()
        self.committed.update(dict.fromkeys(waiting))
        return waiting

    def _doubt(self, waiting: list[Sample]) -> None:
        """Expect that packets are sent again that arrived and are on disk all the same."""
        store = self._home.collector.output.path.with_name("packets.jsonl")
        again = set(waiting) & {Sample(body) for body in store.read_text("utf-8").splitlines()}
        self._doubts.update(again)
        self.counts["packets sent again"] += len(again)
        self.most_sent_again = max(self.most_sent_again, len(again))


def run(folder: Path, cycles: int, seed: int) -> dict[str, Any]:
    """Play so many cycles; return the figures."""
    started = time.monotonic()
    with Home("run", folder) as home:
        home.start()
        campaign = HomeCampaign(home, seed)
        campaign.add_streams()
        for _ in range(cycles):
            campaign.play()
        campaign.finish()
        complaints = Counter(kind for kind, _ in campaign.complaints())
        accepted = len(home.accepted())
    return {
        "seed": seed,
        "cycles": cycles,
        "seconds": round(time.monotonic() - started),
        "found on disk before restarts": len(campaign.committed),
        "accepted": accepted,
        **{
            kind: complaints[kind]
            for kind in ("lost", "out of order", "changed", "unexplained duplicates", "refused")
        },
        "discarded duplicates, each explained": campaign.discarded().total(),
        "most of them after one kill": campaign.most_sent_again,
        "slowest stop in seconds": round(campaign.slowest_stop, 1),
        **campaign.counts,
    }


def is_well(figures: dict[str, Any]) -> bool:
    """Whether nothing is there that must not be."""
    wrong = (
        "lost",
        "out of order",
        "changed",
        "unexplained duplicates",
        "refused",
        "ends with a code other than 0",
    )
    return (
        not any(figures.get(kind) for kind in wrong)
        and figures["found on disk before restarts"] > 0
        and figures["most of them after one kill"] <= GROUP
        and figures["slowest stop in seconds"] <= MOST_STOP_SECONDS
    )


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign.home_assistant", description=__doc__)
    parser.add_argument("--cycles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    return parser.parse_args()


def main() -> int:
    """Run the campaign and print what it came to; return the exit code."""
    # SIGTERM ends it as Ctrl-C does: in order, with all processes ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _arguments()
    with TemporaryDirectory() as folder:
        figures = run(Path(folder), arguments.cycles, arguments.seed)
    show(figures)
    return int(not is_well(figures))


if __name__ == "__main__":
    sys.exit(main())
