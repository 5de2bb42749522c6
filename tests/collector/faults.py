"""The faults that tests script: each says how a request that it strikes is treated."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import socket
import struct
from typing import ClassVar, override

from aiohttp import web

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a fault has at hand: the proper way to answer, the connection, and the wait for a test's release."""

    process: Callable[[], web.Response]
    transport: asyncio.Transport
    released: Callable[[], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Fault(ABC):
    """Strikes the next `times` matching requests, or all until cleared (None).

    Without a stream or a method it matches any. A POST whose credentials are wrong has no stream.
    """

    closes_connection: ClassVar[bool] = False

    times: int | None = 1
    stream: str | None = None
    method: str | None = None

    @abstractmethod
    async def respond(self, conversation: Conversation) -> web.Response:
        """Treat the request and return what is to be sent."""


@dataclass(frozen=True)
class Status(Fault):
    """Answer with this status; with `accept`, the packet is processed all the same."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = b""
    accept: bool = False

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        if self.accept:
            conversation.process()
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@dataclass(frozen=True)
class Hang(Fault):
    """Do not answer until released; with `accept`, the packet is processed before, else after that."""

    accept: bool = False

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        response = conversation.process() if self.accept else None
        await conversation.released()
        return response or conversation.process()


@dataclass(frozen=True)
class Slow(Fault):
    """Process the request at once and answer it after so many seconds."""

    seconds: float

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        response = conversation.process()
        await asyncio.sleep(self.seconds)
        return response


@dataclass(frozen=True)
class Reset(Fault):
    """Reset the connection without an answer; with `accept`, the packet is processed before."""

    accept: bool = False

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        if self.accept:
            conversation.process()
        reset(conversation.transport)
        return web.Response()


@dataclass(frozen=True)
class Redirect(Fault):
    """Send the client elsewhere; the packet is not processed."""

    location: str = "/elsewhere/"
    status: int = 302

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        return web.Response(status=self.status, headers={"Location": self.location})


@dataclass(frozen=True)
class ReadBack(Fault):
    """Answer 200 with this body, by default to GET requests only."""

    body: bytes
    content_type: str = "application/json"
    method: str | None = field(default="GET", kw_only=True)

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        return web.Response(body=self.body, content_type=self.content_type)


@dataclass(frozen=True)
class Truncated(Fault):
    """Process the request, announce a longer answer than is sent, and close the connection."""

    closes_connection: ClassVar[bool] = True

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        response = conversation.process()
        body = response.body if isinstance(response.body, bytes) else b""
        response.headers["Content-Length"] = str(len(body) + 1)
        return response


@dataclass(frozen=True)
class Close(Fault):
    """Process and answer the request, then close the kept-alive connection, announced in the answer or not."""

    closes_connection: ClassVar[bool] = True

    announced: bool = True

    @override
    async def respond(self, conversation: Conversation) -> web.Response:
        response = conversation.process()
        if self.announced:
            response.force_close()
        return response


def reset(transport: asyncio.Transport) -> None:
    """Drop a connection at once, so that its client sees a reset."""
    # Without this the kernel would end the connection in good order.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
