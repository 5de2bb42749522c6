"""The collector: an HTTP server that behaves like Wattics, fails when told to, and remembers everything."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import web
from yarl import URL

from . import control
from .faults import Conversation, Fault, reset
from .ledger import Arrival, Ledger, Listener, Refusal
from .packets import find_stream_id
from .script import Injection, Script
from .service import PATH, Exchange, Rules, answer
from .traffic import Statistics, Transaction

_SESSION_COOKIE = "session"
_SHUTDOWN_SECONDS = 1.0


@dataclass(eq=False, kw_only=True)
class Collector(Rules):
    """Wattics on this machine; `async with` starts and stops it, and it keeps its memory in between.

    Port 0 takes a free one, and keeps it. `store` is a file that keeps accepted bodies across processes. The
    rules may change while it runs.
    """

    host: str = "127.0.0.1"
    port: int = 0
    store: Path | None = None
    listener: Listener | None = None
    statistics: Statistics = field(default_factory=Statistics, init=False)
    _script: Script = field(default_factory=Script, init=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _runner: web.ServerRunner | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Read what the store remembers; raises ValueError when it holds anything but packets."""
        self._ledger = Ledger(self.store, self.listener)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    @property
    def url(self) -> str:
        """The URL to push to, once started."""
        return str(URL.build(scheme="http", host=self.host, port=self.port, path=PATH))

    @property
    def accepted(self) -> list[Arrival]:
        """The packets accepted, in that order."""
        return self._ledger.accepted

    @property
    def discarded(self) -> list[Arrival]:
        """The packets that were not newer than their stream's last one."""
        return self._ledger.discarded

    @property
    def refused(self) -> list[Refusal]:
        """The bodies that were no packets, with the reasons."""
        return self._ledger.refused

    @property
    def faults(self) -> Counter[str]:
        """How many faults really happened, by kind."""
        return self._script.struck

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken, RuntimeError when started already."""
        if self._runner is not None:
            raise RuntimeError("the collector is started already")
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self, *, grace: float = 0.0) -> None:
        """Stop listening, give open transactions so many seconds, then drop every connection."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for site in list(runner.sites):
            await site.stop()
        with suppress(TimeoutError):
            await self.wait_until(lambda: not self.statistics.in_flight, seconds=grace)
        for transport in self.statistics.waiting_transports():
            reset(transport)
        await runner.cleanup()

    def inject(self, fault: Fault) -> Injection:
        """Script a fault, behind those that are scripted already."""
        return self._script.inject(fault)

    def clear_faults(self) -> None:
        """End all faults; requests that hang go on."""
        self._script.clear()

    async def wait_for(self, count: int, *, seconds: float = 10.0, stream: str | None = None) -> list[Arrival]:
        """Wait for so many accepted packets (of one stream), return them; raises TimeoutError with what came.

        The last one's answer may still be on its way.
        """

        def arrived() -> list[Arrival]:
            return [one for one in self.accepted if stream in (None, one.packet.stream_id)]

        try:
            await self.wait_until(lambda: len(arrived()) >= count, seconds=seconds)
        except TimeoutError as error:
            bodies = "".join(f"\n{arrival.body.decode()}" for arrival in arrived())
            raise TimeoutError(f"{len(arrived())} of {count} packets accepted in {seconds} s{bodies}") from error
        return arrived()

    async def wait_until(self, condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
        """Wait for a condition, looking whenever a request comes, is struck or ends; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(control.PATH):
            return await control.answer_control(request, self._script, self._ledger, self.statistics)
        transport = request.transport
        if transport is None:
            # The client has gone already; nothing can be sent.
            return web.Response()
        session = request.cookies.get(_SESSION_COOKIE)
        transaction = self.statistics.begin(transport, request.method, request.path, session)
        self._notify()
        try:
            return await self._transact(await self._read(request, transaction), transport)
        finally:
            self.statistics.end(transaction)
            self._notify()

    async def _read(self, request: web.BaseRequest, transaction: Transaction) -> Exchange:
        transaction.account = self.account_of(request)
        stream = request.query.get("stream")
        body = None
        if request.method == "POST" and transaction.account is not None:
            with suppress(web.HTTPRequestEntityTooLarge):
                body = await request.read()
            stream = find_stream_id(body or b"")
        if stream:
            self.statistics.identify(transaction, stream)
        return Exchange(request, transaction, body)

    async def _transact(self, exchange: Exchange, transport: asyncio.Transport) -> web.Response:
        def process() -> web.Response:
            response = answer(exchange, self, self._ledger)
            self._notify()
            return response

        transaction = exchange.transaction
        injection = self._script.strike(transaction.method, transaction.stream)
        self._notify()
        if injection is None:
            response = process()
        else:
            response = await injection.fault.respond(Conversation(process, transport, injection.released))
        if not transaction.session_returned and not transport.is_closing():
            response.set_cookie(_SESSION_COOKIE, self.statistics.new_session(), httponly=True)
        with suppress(ConnectionError):
            await response.prepare(exchange.request)
            await response.write_eof()
            transaction.status = response.status
        if injection is not None and injection.fault.closes_connection:
            transport.close()
        return response
