"""The Wattics REST API over HTTP: one packet a transaction, basic authentication, no redirects."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import ipaddress
import re
from types import SimpleNamespace
from typing import Final

import aiohttp
from async_timeout import timeout
from yarl import URL

from .errors import (
    AnsweredError,
    Forbidden,
    NoAnswer,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from .packet import Packet
from .redaction import Redaction

PRODUCTION_URL: Final = "https://web-collector.wattics.com/measurements/v2/unifiedjson/"
DEMO_URL: Final = "https://demo-dc.wattics.com/measurements/v2/unifiedjson/"

CONNECT_SECONDS: Final = 10
TOTAL_SECONDS: Final = 30
ANSWER_BYTES: Final = 64 * 1024
"""As much of an answer as is read."""
REASON_LENGTH: Final = 200

_SUCCESS: Final = range(200, 300)
_CLIENT_ERRORS: Final = range(400, 500)
_READABLE: Final = ("text/plain", "application/json")
_HOST: Final = re.compile(r"[0-9A-Za-z._:%-]+")
"""What names and addresses of hosts are written with."""


def connection_trace() -> aiohttp.TraceConfig:
    """Return what a session must trace, so that `Client` knows whether a failed connection was a reused one."""

    async def reused(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    return trace


class _Disconnected(NoAnswer):
    """The connection broke before any answer; `reused` tells whether it had served earlier requests."""

    def __init__(self, reason: str, *, reused: bool) -> None:
        super().__init__(reason)
        self.reused = reused


def normalize_url(url: str) -> str:
    """Return the base URL to push to, ending in a slash.

    Raises ValueError for anything but https (plain http is for loopback addresses alone: credentials would
    cross the network readable), and for credentials, a query or a fragment in the URL.
    """
    parsed = URL(url.strip())
    if parsed.scheme not in ("https", "http") or not _HOST.fullmatch(parsed.raw_host or ""):
        raise ValueError("not an http(s) URL")
    if parsed.scheme == "http" and not _is_loopback(parsed.host or ""):
        raise ValueError("plain http is allowed to this machine only")
    if parsed.user is not None or parsed.password is not None:
        raise ValueError("credentials do not belong in the URL")
    if parsed.query_string or parsed.fragment:
        raise ValueError("a base URL has no query and no fragment")
    return str(parsed.with_path(f"{parsed.raw_path.removesuffix('/')}/", encoded=True))


def is_ip_address(url: str) -> bool:
    """Whether the URL names its host by address: aiohttp keeps no cookies from those unless told to."""
    try:
        ipaddress.ip_address(URL(url).host or "")
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """Speaks to one Wattics account."""

    def __init__(self, session: aiohttp.ClientSession, url: str, username: str, password: str) -> None:
        """Take a session of this account's own (the vendor asks for cookies) with `connection_trace`.

        `url` is a base URL as `normalize_url` returns it.
        """
        authorization = aiohttp.encode_basic_auth(username, password, encoding="utf-8")
        self._session = session
        self._url = URL(url)
        self._headers = {"Authorization": authorization, "Content-Type": "application/json"}
        self._redaction = Redaction([authorization.removeprefix("Basic "), password])

    async def push(self, body: bytes) -> int:
        """Send an encoded packet; return the status (2xx) with which Wattics acknowledged it.

        Raises Unreachable, NoAnswer, or the AnsweredError for the status.
        """
        status = 0
        while True:
            try:
                async with self._request("POST", self._url, body) as response:
                    status = response.status
                    await self._raise_for_status(response)
            except _Disconnected as error:
                # A server closes idle connections when it likes, just as the next request is written: no outage.
                # Each such failure empties the pool by one connection, so this ends.
                if status == 0 and error.reused:
                    continue
                if status not in _SUCCESS:
                    raise
            except NoAnswer:
                # The status is the acknowledgement; that the rest of the answer is lost does not take it back.
                if status not in _SUCCESS:
                    raise
            return status

    async def read_last(self, stream_id: str) -> Packet | None:
        """Return the latest packet that Wattics processed for a stream, None where that is not known.

        The vendor documents no body: all that is no packet (empty, `{}`, HTML) means "not known".
        Raises as `push` does.
        """
        async with self._request("GET", self._url.with_query(stream=stream_id)) as response:
            body = await self._raise_for_status(response)
        try:
            return Packet.decode(body)
        except ValueError:
            return None

    async def check_credentials(self) -> None:
        """Return if the credentials are accepted: without a stream, every status below 500 but 401 says so.

        Raises Unreachable, NoAnswer, Unauthorized or Unavailable.
        """
        try:
            async with self._request("GET", self._url) as response:
                await self._raise_for_status(response)
        except Forbidden, NotFound, Refused:
            return

    @asynccontextmanager
    async def _request(
        self, method: str, url: URL, body: bytes | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Make one transaction and translate aiohttp's errors, whose texts may hold the URL."""
        transaction = SimpleNamespace(reused=False)
        try:
            async with (
                timeout(TOTAL_SECONDS),
                self._session.request(
                    method,
                    url,
                    data=body,
                    headers=self._headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                    trace_request_ctx=transaction,
                ) as response,
            ):
                yield response
        except aiohttp.ClientConnectorCertificateError:
            raise Unreachable("the server's certificate is not trusted") from None
        except aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL:
            raise Unreachable("no connection") from None
        except TimeoutError:
            raise NoAnswer(f"no answer within {TOTAL_SECONDS} s") from None
        except aiohttp.ClientError as error:
            raise _Disconnected(
                f"the connection broke ({type(error).__name__})", reused=transaction.reused
            ) from None

    async def _raise_for_status(self, response: aiohttp.ClientResponse) -> bytes:
        """Return the body of a 2xx (read to its end, so that the connection is kept), else raise its error."""
        body = await _read_bounded(response)
        if response.status in _SUCCESS:
            return body
        raise _error(response, self._reason(response, body))

    def _reason(self, response: aiohttp.ClientResponse, body: bytes) -> str:
        """Return the server's words for the user, without the secrets that a server may echo."""
        words = response.reason or ""
        if body and response.content_type in _READABLE:
            words = body.decode(errors="replace")
        return " ".join(self._redaction.apply(words).split())[:REASON_LENGTH]


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read at most ANSWER_BYTES, or what there is of a body whose rest is lost: the status says what counts."""
    body = bytearray()
    with suppress(aiohttp.ClientError):
        while len(body) < ANSWER_BYTES and (chunk := await response.content.read(ANSWER_BYTES - len(body))):
            body += chunk
    return bytes(body)


def _error(response: aiohttp.ClientResponse, reason: str) -> AnsweredError:
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return Unauthorized(response.status, reason)
        case HTTPStatus.FORBIDDEN:
            return Forbidden(response.status, reason)
        case HTTPStatus.NOT_FOUND:
            return NotFound(response.status, reason)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.TOO_MANY_REQUESTS:
            return Unavailable(response.status, reason, _retry_after(response))
        case status if status in _CLIENT_ERRORS:
            return Refused(status, reason)
        case status:
            return Unavailable(status, reason, _retry_after(response))


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Return the seconds that the server asks to wait: a number, or a date by the server's own clock."""
    wanted = response.headers.get("Retry-After", "").strip()
    if wanted.isdecimal():
        return float(wanted)
    until = _http_date(wanted)
    if until is None:
        return None
    now = _http_date(response.headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
