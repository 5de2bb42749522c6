"""The campaign: round after round something goes wrong, and now and then all has to be as it should."""

import asyncio
from contextlib import closing
import json
from pathlib import Path
from random import Random
import signal
import sqlite3
import sys
import time
from typing import Final

from .alone import command
from .child import Child, ChildEndedError
from .faults import STREAMS, AgentEvent, Round, ServerEvent, draw_round
from .record import Complaint, Kind, Record

CADENCE: Final = 0.015
"""Seconds of the machine between samples."""
START_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 150.0
"""As long may it take, without faults, until nothing waits any more; the agent lets two hours pass in it."""
SABOTAGED_DRAIN_SECONDS: Final = 10.0
"""As long is waited for a library that is broken on purpose."""
ROUNDS_BETWEEN_CHECKS: Final = 50

_MOMENT_SECONDS: Final = 0.5


class CampaignError(Exception):
    """The campaign can't go on: the text has the reason."""


class Campaign:
    """One agent and one collector, and all that befalls them."""

    def __init__(
        self, folder: Path, seed: int, *, sabotage: str | None = None, discarded_status: int | None = None
    ) -> None:
        """Keep all files in `folder`; `sabotage` names a way to break the library.

        The collector answers `discarded_status` to what is not newer than its stream's last packet. The vendor
        does not say what Wattics does: without a status each start of the collector draws one.
        """
        self.record = Record()
        self.complaints: list[Complaint] = []
        """What was found that must not be."""
        self.accepted = 0
        """Packets that the collector keeps."""
        self.needless = 0
        """Those of the packets set aside that had arrived."""
        self.rejected = 0
        """Packets that the outbox has set aside."""
        self.slowest_drain = 0.0
        self._folder = folder
        self._seed = seed
        self._sabotage = sabotage
        self._statuses = (200, 400) if discarded_status is None else (discarded_status,)
        self._random = Random(seed)  # noqa: S311 - has to be repeatable
        self._drain_seconds = DRAIN_SECONDS if sabotage is None else SABOTAGED_DRAIN_SECONDS
        self._outbox = folder / "outbox.db"
        self._store = folder / "accepted"
        self._agent: Child | None = None
        self._server: Child | None = None
        self._url = ""
        self._port = 0

    async def run(self, rounds: int) -> None:
        """Play so many rounds, and check at the end and now and then before; ends with the first complaints."""
        try:
            await self._start_server()
            for number in range(rounds):
                await self._play(draw_round(Random(f"{self._seed}/{number}")))  # noqa: S311 - has to be repeatable
                self.record.counts["rounds"] += 1
                if (number + 1) % ROUNDS_BETWEEN_CHECKS == 0 or number + 1 == rounds:
                    await self._check()
                if self.complaints:
                    break
        finally:
            for child in (self._agent, self._server):
                if child is not None:
                    await child.kill()

    # One round

    async def _play(self, plan: Round) -> None:
        server = await self._running_server()
        for name, fault in plan.faults:
            server.order(f"inject {name} {json.dumps(fault)}")
        if self._agent is None:
            await self._start_agent()
            await self._agent_opened()
        await asyncio.sleep(plan.before)
        async with asyncio.TaskGroup() as events:
            if plan.server is not None:
                events.create_task(self._trouble_server(plan.server, plan))
            if plan.agent is not None:
                events.create_task(self._trouble_agent(plan.agent, plan))
        if plan.clear:
            (await self._running_server()).order("clear")

    async def _trouble_agent(self, event: AgentEvent, plan: Round) -> None:
        agent = await self._running_agent()
        match event:
            case AgentEvent.STOPPED:
                await self._stop_agent()
            case AgentEvent.KILLED_STARTING:
                await self._kill_agent()
                await self._start_agent()
                await asyncio.sleep(plan.before)
                await self._kill_agent()
            case AgentEvent.KILLED_QUEUING:
                await self._moment(agent, f'trying {{"id":"stream-{STREAMS - 1}"', plan.delay)
                await self._kill_agent()
            case AgentEvent.KILLED_ANSWERED:
                await self._moment(agent, "answered 200", plan.delay)
                await self._kill_agent()
            case AgentEvent.KILLED:
                await asyncio.sleep(plan.delay)
                await self._kill_agent()
        self.record.counts[event] += 1

    async def _trouble_server(self, event: ServerEvent, plan: Round) -> None:
        server = await self._running_server()
        if event is ServerEvent.FROZEN:
            server.signal(signal.SIGSTOP)
            await asyncio.sleep(plan.outage)
            server.signal(signal.SIGCONT)
        else:
            await (server.stop() if event is ServerEvent.DOWN else server.kill())
            if event is ServerEvent.DOWN:
                await asyncio.sleep(plan.outage)
            await self._start_server()
        self.record.counts[event] += 1

    async def _moment(self, agent: Child, line: str, delay: float) -> None:
        """Wait for the agent to say something, and a little longer; not for ever: it may have to wait itself."""
        try:
            await agent.wait_for(line, _MOMENT_SECONDS)
        except TimeoutError:
            return
        await asyncio.sleep(delay)

    # The processes

    async def _running_agent(self) -> Child:
        if self._agent is None:
            await self._start_agent()
        if self._agent is None or not self._agent.is_running:
            raise CampaignError(f"the agent ended by itself:\n{self._agent and self._agent.complaints()}")
        return self._agent

    async def _start_agent(self) -> None:
        arguments = ["--outbox", self._outbox, "--url", self._url, "--streams", STREAMS, "--cadence", CADENCE]
        arguments += ["--first-tick", self.record.next_tick]
        if self._sabotage is not None:
            arguments += ["--sabotage", self._sabotage]
        self._agent = await Child.start(
            command("agent", *arguments), self._folder / "agent.log", self.record.agent_said
        )
        self.record.counts["agents started"] += 1

    async def _agent_opened(self) -> None:
        try:
            await (await self._running_agent()).wait_for("open", START_SECONDS)
        except (TimeoutError, ChildEndedError) as error:
            raise CampaignError(f"the agent does not start: {error}") from error

    async def _kill_agent(self) -> None:
        agent, self._agent = self._agent, None
        if agent is not None:
            await agent.kill()
            self.record.agent_ended(killed=True)
            self.record.counts["kills of the agent"] += 1

    async def _stop_agent(self) -> None:
        agent, self._agent = self._agent, None
        if agent is None:
            return
        code = await agent.stop()
        # One that has not got so far that it listens to SIGTERM ends by it.
        self.record.agent_ended(killed=code != 0)
        if code not in (0, -signal.SIGTERM):
            raise CampaignError(f"the agent ended with {code} after SIGTERM:\n{agent.complaints()}")

    async def _running_server(self) -> Child:
        if self._server is None or not self._server.is_running:
            raise CampaignError("the collector ended by itself")
        return self._server

    async def _start_server(self) -> None:
        program = [sys.executable, "-m", f"{__package__}.server", "--port", str(self._port)]
        status = self._random.choice(self._statuses)
        self.record.counts[f"collectors started that answer {status} to what they have"] += 1
        program += ["--store", str(self._store), "--discarded-status", str(status)]
        self._server = await Child.start(program, self._folder / "collector.log", self.record.collector_said)
        line = await self._server.wait_for("listening ", START_SECONDS)
        self._url = line.removeprefix("listening ")
        self._port = int(self._url.split(":")[2].split("/")[0])

    # What must be

    async def _check(self) -> None:
        """Without faults all that waits has to arrive, and a fresh sample too; then look at every file."""
        (await self._running_server()).order("clear")
        agent = await self._running_agent()
        started = time.monotonic()
        try:
            await self._drain(agent)
            self.slowest_drain = max(self.slowest_drain, time.monotonic() - started)
            before = len(self.record.kept)
            agent.order("resume")
            await agent.wait_for("kept", START_SECONDS)
            await self._drain(agent)
        except TimeoutError, ChildEndedError:
            text = f"not all arrived within {self._drain_seconds:.0f} s without faults"
            self.complaints.append(Complaint(Kind.OTHER, text))
        else:
            self.record.counts["fresh samples delivered"] += len(self.record.kept) - before
        await self._stop_agent()
        await self._compare_files()

    async def _drain(self, agent: Child) -> None:
        agent.order("pause")
        agent.order("empty?")
        await agent.wait_for("empty", self._drain_seconds)

    async def _compare_files(self) -> None:
        with closing(sqlite3.connect(self._outbox)) as connection:
            rejected = [body.decode() for (body,) in connection.execute("SELECT body FROM rejected")]
            (waiting,) = connection.execute("SELECT count(*) FROM packets").fetchone()
            pushed, counted = connection.execute("SELECT sum(pushed), sum(queued) FROM streams").fetchone()
            integrity = connection.execute("PRAGMA integrity_check").fetchall()
        accepted = self._store.read_text("utf-8").splitlines()
        self.accepted, self.rejected = len(accepted), len(rejected)
        self.needless = len(set(accepted) & set(rejected))
        self.complaints += self.record.complaints(accepted, rejected)
        wrong = {
            f"{waiting} packets wait although the agent said that none does": waiting,
            f"{counted} packets are counted as waiting": counted,
            f"{pushed} packets are counted as pushed, {len(accepted)} arrived": (
                pushed != len(accepted) - self.needless
            ),
            f"the outbox is damaged: {integrity}": integrity != [("ok",)],
        }
        self.complaints += [Complaint(Kind.OTHER, text) for text, is_wrong in wrong.items() if is_wrong]
