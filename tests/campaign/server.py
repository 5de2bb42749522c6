"""The collector as a program that takes faults from its parent and tells of each that strikes.

It says `listening URL`, `accepted BODY`, `discarded BODY`, `refused BODY` and `struck NAME`; on its standard input
it takes `inject NAME FAULT`, the fault as JSON, and `clear`.
"""

from argparse import ArgumentParser, Namespace
import asyncio
import json
from pathlib import Path
import signal

from tests.collector import Arrival, Collector, Injection, Refusal, Verdict, fault_from_json

from .lines import PASSWORD, USER, listen, say


class Server:
    """A collector and the faults that it was told."""

    def __init__(self, collector: Collector) -> None:
        """Take a collector that listens."""
        self._collector = collector
        self._injected: list[tuple[str, Injection]] = []
        self._told: list[int] = []

    def obey(self, line: str) -> None:
        """Do what the parent asks for."""
        order, *arguments = line.split(" ", 2)
        if order == "inject":
            name, fault = arguments
            self._injected.append((name, self._collector.inject(fault_from_json(json.loads(fault)))))
            self._told.append(0)
        else:
            self._collector.clear_faults()

    async def tell_faults(self) -> None:
        """Tell of faults as they strike."""
        while True:
            await self._collector.wait_until(self._has_news, seconds=float("inf"))
            for number, (name, injection) in enumerate(self._injected):
                for _ in range(injection.struck - self._told[number]):
                    say(f"struck {name}")
                self._told[number] = injection.struck

    def _has_news(self) -> bool:
        return any(
            injection.struck > told for (_, injection), told in zip(self._injected, self._told, strict=True)
        )


def _tell_verdict(verdict: Verdict, entry: Arrival | Refusal) -> None:
    say(f"{verdict} {entry.body.decode()}")


async def _run(arguments: Namespace) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    collector = Collector(
        accounts={USER: PASSWORD},
        port=arguments.port,
        store=arguments.store,
        listener=_tell_verdict,
        discarded_status=arguments.discarded_status,
    )
    async with collector:
        server = Server(collector)
        listen(server.obey, ending.set)
        telling = asyncio.create_task(server.tell_faults())
        say(f"listening {collector.url}")
        await ending.wait()
        telling.cancel()


def _arguments() -> Namespace:
    parser = ArgumentParser(description="The collector, with faults from its parent.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--discarded-status", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
