"""A local collector that behaves like Wattics, for tests and for trying things out; see server.Collector."""

from .faults import Close, Fault, Hang, ReadBack, Redirect, Reset, Slow, Status, Truncated
from .ledger import Arrival, Listener, Origin, Refusal, Verdict
from .packets import CODES, VALUE, Packet, PacketError, parse_packet
from .script import Injection, fault_from_json
from .server import Collector
from .traffic import Statistics, Transaction

__all__ = [
    "CODES",
    "VALUE",
    "Arrival",
    "Close",
    "Collector",
    "Fault",
    "Hang",
    "Injection",
    "Listener",
    "Origin",
    "Packet",
    "PacketError",
    "ReadBack",
    "Redirect",
    "Refusal",
    "Reset",
    "Slow",
    "Statistics",
    "Status",
    "Transaction",
    "Truncated",
    "Verdict",
    "fault_from_json",
    "parse_packet",
]
