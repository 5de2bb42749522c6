"""The oracle: hears all that agent and collector say, and tells what of it must not be."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
import json
from typing import Final, NamedTuple

from custom_components.wattics.delivery.acknowledgements import GROUP

from .faults import NONSENSE

REFUSALS: Final = 3
"""As often is a packet refused before it may be set aside."""


class Kind(StrEnum):
    """What must not be."""

    LOST = "lost"
    OUT_OF_ORDER = "out of order"
    CHANGED = "changed"
    DUPLICATE = "unexplained duplicates"
    OTHER = "other complaints"


class Complaint(NamedTuple):
    """Something that must not be."""

    kind: Kind
    text: str


class Key(NamedTuple):
    """What a body is about."""

    stream_id: str
    stamp: str
    """All are written in the same form in UTC: they sort as the instants do."""


def key_of(body: str) -> Key:
    """Return a packet's stream and time."""
    members = json.loads(body)
    return Key(members["id"], members["tsISO8601"])


class Record:
    """What was sampled, kept, sent and received, over all lives of the agent and the collector."""

    def __init__(self) -> None:
        """Know nothing."""
        self.tried: dict[str, Key] = {}
        """Every sample made."""
        self.kept: set[str] = set()
        """Those that the outbox promised to deliver."""
        self.counts: Counter[str] = Counter()
        """What was seen, by name."""
        self.discarded: Counter[str] = Counter()
        self.most_sent_again = 0
        """The most packets of one life that were acknowledged and sent again by the next, after a kill."""
        self.committed_ticks = 0
        self.unread = 0
        """How often a stream was asked for in vain: each time a packet may be set aside that had arrived."""
        self._complaints: list[Complaint] = []
        self._queuing: list[str] = []
        self._cut_off: list[list[str]] = []
        """Ticks that were being queued when the agent was killed: all of it is on disk, or nothing."""
        self._on_the_way: dict[str, str] = {}
        self._newest_sent: dict[str, str] = {}
        self._answered: list[str] = []
        self._doubts: Counter[str] = Counter()
        """How often a packet may be sent again, since its answer was lost or not written down."""
        self._refusals: Counter[str] = Counter()
        self._last_group: frozenset[str] = frozenset()
        self._sent_again: set[str] = set()

    def agent_said(self, line: str) -> None:
        """Take note of a line of the agent."""
        word, _, rest = line.partition(" ")
        match word:
            case "trying":
                self._try(rest)
            case "kept":
                self.kept.update(self._queuing)
                self._queuing = []
            case "sent":
                self._sent(rest)
            case "answered":
                status, _, body = rest.partition(" ")
                self._take_answer(int(status), body)
            case "broken":
                reason, _, body = rest.partition(" ")
                self.counts[f"broken: {reason}"] += 1
                self._doubts[body] += 1
                self._back(body)
            case "unread":
                self.unread += 1
            case "salvaged" | "late" | "died":
                self._complain(Kind.OTHER, f"the agent says: {line}")

    def _complain(self, kind: Kind, text: str) -> None:
        self._complaints.append(Complaint(kind, text))

    def _try(self, body: str) -> None:
        if body in self.tried:
            self._complain(Kind.OTHER, f"sampled twice: {body}")
        self.tried[body] = key_of(body)
        self._queuing.append(body)

    def _sent(self, body: str) -> None:
        self.counts["sent"] += 1
        key = self.tried.get(body)
        if key is None:
            self._complain(Kind.CHANGED, f"sent as it was never sampled: {body}")
            key = key_of(body)
        if key.stream_id in self._on_the_way:
            self._complain(Kind.OUT_OF_ORDER, f"sent while another of its stream was on the way: {body}")
        if key.stamp < self._newest_sent.get(key.stream_id, ""):
            self._complain(Kind.OUT_OF_ORDER, f"sent after a newer one: {body}")
        if body in self._last_group:
            self._sent_again.add(body)
        self._newest_sent[key.stream_id] = key.stamp
        self._on_the_way[key.stream_id] = body

    def _take_answer(self, status: int, body: str) -> None:
        self.counts[f"answered {status}"] += 1
        self._back(body)
        if 200 <= status < 300:
            self._answered.append(body)
            return
        self._doubts[body] += 1
        self._refusals[body] += 400 <= status < 500

    def _back(self, body: str) -> None:
        self._on_the_way.pop(key_of(body).stream_id, None)

    def agent_ended(self, *, killed: bool) -> None:
        """Take note of the end of a life; one that was not killed has written all acknowledgements down."""
        self.most_sent_again = max(self.most_sent_again, len(self._sent_again))
        self.counts["acknowledged packets sent again after a kill"] += len(self._sent_again)
        self._sent_again = set()
        group = frozenset(self._answered[-GROUP:]) if killed else frozenset()
        if self._newest_sent:
            self._last_group = group
        self._doubts.update(group)
        self._doubts.update(self._on_the_way.values())
        if killed:
            self.counts["kills with packets on the way"] += bool(self._on_the_way)
            self.counts["kills while samples were queued"] += bool(self._queuing)
        if self._queuing:
            self._cut_off.append(self._queuing)
        self._queuing = []
        self._answered = []
        self._on_the_way = {}
        self._newest_sent = {}

    def collector_said(self, line: str) -> None:
        """Take note of a line of the collector."""
        word, _, rest = line.partition(" ")
        match word:
            case "discarded":
                self.discarded[rest] += 1
            case "refused":
                self._complain(Kind.CHANGED, f"refused as no packet: {rest}")
            case "struck":
                self.counts[f"fault: {rest}"] += 1
                self.unread += rest == NONSENSE

    @property
    def next_tick(self) -> int:
        """The number of the first tick that was not begun."""
        return 0 if not self.tried else int(json.loads(next(reversed(self.tried)))["pC_1"]) + 1

    def complaints(self, accepted: Iterable[str], rejected: Iterable[str]) -> list[Complaint]:
        """Return all that must not be once nothing waits any more.

        `accepted` is what the collector keeps, in order, `rejected` what the outbox has set aside.
        """
        accepted, rejected = list(accepted), set(rejected)
        arrived = set(accepted)
        missing = self.kept - arrived - rejected
        return [
            *self._complaints,
            *self._misplaced(accepted),
            *(Complaint(Kind.LOST, f"never arrived: {body}") for body in self.tried if body in missing),
            *self._halves(arrived | rejected),
            *self._unexplained_duplicates(arrived),
            *self._wrongly_rejected(arrived, rejected),
        ]

    def _misplaced(self, accepted: list[str]) -> Iterator[Complaint]:
        newest: defaultdict[str, str] = defaultdict(str)
        for body in accepted:
            key = key_of(body)
            if body not in self.tried:
                yield Complaint(Kind.CHANGED, f"arrived as it was never sampled: {body}")
            if key.stamp <= newest[key.stream_id]:
                yield Complaint(Kind.OUT_OF_ORDER, f"accepted after a newer one: {body}")
            newest[key.stream_id] = key.stamp

    def _halves(self, accounted: set[str]) -> Iterator[Complaint]:
        self.committed_ticks = 0
        for tick in self._cut_off:
            there = [body for body in tick if body in accounted]
            self.committed_ticks += bool(there)
            if there and len(there) < len(tick):
                text = f"only {len(there)} of the {len(tick)} samples of a tick are there, among them {there[0]}"
                yield Complaint(Kind.LOST, text)

    def _unexplained_duplicates(self, arrived: set[str]) -> Iterator[Complaint]:
        for body, times in self.discarded.items():
            reasons = self._doubts[body]
            if body not in arrived:
                yield Complaint(Kind.OUT_OF_ORDER, f"arrived only after a newer one, or changed: {body}")
            elif times > reasons:
                text = f"arrived {times} times too often, with {reasons} reasons to send it again: {body}"
                yield Complaint(Kind.DUPLICATE, text)

    def _wrongly_rejected(self, arrived: set[str], rejected: set[str]) -> Iterator[Complaint]:
        needless = rejected & arrived
        if len(needless) > self.unread:
            yield from (Complaint(Kind.OTHER, f"set aside although it had arrived: {body}") for body in needless)
        for body in rejected:
            if self._refusals[body] < REFUSALS:
                yield Complaint(Kind.LOST, f"set aside after {self._refusals[body]} refusals: {body}")

    @property
    def cut_off_ticks(self) -> int:
        """How many ticks a kill interrupted; `committed_ticks` of them turned out to be on disk."""
        return len(self._cut_off)
