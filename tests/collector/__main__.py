"""The collector as a program: `python -m tests.collector --port 8080`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
import asyncio
from pathlib import Path
import signal
import sys

from .ledger import Arrival, Refusal, Verdict
from .server import Collector

_GRACE_SECONDS = 1.0


def main() -> None:
    """Run until enough packets are accepted or a signal asks to end; exit with 1 when it cannot start."""
    try:
        asyncio.run(_run(_arguments()))
    except (OSError, ValueError) as error:
        sys.exit(f"The collector cannot run: {error}")


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.collector", description="A local stand-in for Wattics.")
    parser.add_argument("--port", type=int, required=True, help="port to listen on; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--user", default="demo", help="user name to accept (default: %(default)s)")
    parser.add_argument("--password", default="demo", help="its password (default: %(default)s)")
    parser.add_argument("--packets", type=_count, help="end after so many accepted packets")
    parser.add_argument("--store", type=Path, help="file that keeps accepted packets, one a line")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text} is no number of packets")
    return int(text)


async def _run(arguments: Namespace) -> None:
    finished = asyncio.Event()
    left = arguments.packets

    def listen(verdict: Verdict, entry: Arrival | Refusal) -> None:
        nonlocal left
        _print_line(_line(verdict, entry))
        if verdict is Verdict.ACCEPTED and left is not None:
            left -= 1
            if left == 0:
                finished.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, finished.set)
    collector = Collector(
        accounts={arguments.user: arguments.password},
        host=arguments.host,
        port=arguments.port,
        store=arguments.store,
        listener=listen,
    )
    async with collector:
        _print_line(f"listening on {collector.url}".encode())
        await finished.wait()
        await collector.stop(grace=_GRACE_SECONDS)


def _line(verdict: Verdict, entry: Arrival | Refusal) -> bytes:
    """Return `accepted {…}`, `discarded {…}` with the packet's exact bytes, or `refused reason: body`, escaped."""
    match entry:
        case Arrival():
            return f"{verdict} ".encode() + entry.body
        case Refusal():
            return f"{verdict} {entry.reason}: {ascii(entry.body)[1:]}".encode()


def _print_line(line: bytes) -> None:
    # Bytes, so that no locale changes a packet.
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
