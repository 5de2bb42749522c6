"""A plain client of the collector, for tests that look at the collector itself."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from typing import Self

import aiohttp

from .server import Collector

USER = "user"
PASSWORD = 'pä:ss"w%rd:'
NOON = "2026-11-23T12:00:00.000+00:00"
ONE = "2026-11-23T13:00:00.000+00:00"

type Answer = tuple[int, str]


def packet(timestamp: object = NOON, stream: object = "meter", **values: object) -> bytes:
    """Return a packet's bytes, valid or not; without values it has one that is."""
    return json.dumps({"id": stream, "tsISO8601": timestamp, **(values or {"aP_1": 1.5})}).encode()


def basic(credentials: bytes) -> dict[str, str]:
    """Return the header of basic authentication."""
    return {"Authorization": f"Basic {b64encode(credentials).decode()}"}


GOOD = basic(f"{USER}:{PASSWORD}".encode())


@dataclass(frozen=True, slots=True)
class Client:
    """An HTTP session with the right credentials for a collector; answers are status and text."""

    collector: Collector
    session: aiohttp.ClientSession

    @classmethod
    @asynccontextmanager
    async def connect(cls, collector: Collector) -> AsyncGenerator[Self]:
        """Open a session that keeps connections and cookies."""
        # Ordinary cookie jars take none from a bare IP address.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(headers=GOOD, cookie_jar=jar) as session:
            yield cls(collector, session)

    async def push(self, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Push a body, by default a valid packet."""
        async with self.session.post(
            self.collector.url,
            data=packet() if body is None else body,
            headers={"Content-Type": "application/json", **(headers or {})},
            allow_redirects=False,
        ) as response:
            return response.status, await response.text()

    async def read_back(self, stream: str = "meter", headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a stream's latest processed packet."""
        async with self.session.get(self.collector.url, params={"stream": stream}, headers=headers) as response:
            return response.status, await response.text()
