"""The client against a real server: each answer's error, and no secret outside the header that carries it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import gzip
import json
import socket
import traceback
from typing import Any
from urllib.parse import quote

import aiohttp
from hypothesis import given, settings, strategies
import pytest

from custom_components.wattics.delivery.client import (
    ANSWER_BYTES,
    DEMO_URL,
    PRODUCTION_URL,
    REASON_LENGTH,
    Client,
    connection_trace,
    is_ip_address,
    normalize_url,
)
from custom_components.wattics.delivery.errors import (
    AnsweredError,
    DeliveryError,
    Forbidden,
    NoAnswer,
    NotFound,
    Refused,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from tests.collector import Close, Collector, Hang, ReadBack, Redirect, Reset, Status, Truncated

from .clocks import skip
from .packets import packet, packets

pytestmark = pytest.mark.usefixtures("socket_enabled")

USER = "ada"
PASSWORD = 'p:ß"%41 \\&'
BODY = packet().encode()


@asynccontextmanager
async def _client(url: str, password: str = PASSWORD, user: str = USER) -> AsyncGenerator[Client]:
    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), trace_configs=[connection_trace()]
    ) as session:
        yield Client(session, url, user, password)


@pytest.fixture
async def collector() -> AsyncGenerator[Collector]:
    async with Collector(accounts={USER: PASSWORD}) as running:
        yield running


@pytest.fixture
async def client(collector: Collector) -> AsyncGenerator[Client]:
    async with _client(collector.url) as connected:
        yield connected


async def _error_of[E: DeliveryError](kind: type[E], request: Awaitable[object]) -> E:
    with pytest.raises(kind) as caught:
        await request
    assert type(caught.value) is kind or kind is NoAnswer
    return caught.value


# What is sent


async def test_push(collector: Collector, client: Client) -> None:
    for one in packets("meter", range(3)):
        assert await client.push(one.encode()) == 200
    assert [arrival.body for arrival in collector.accepted] == [one.encode() for one in packets("meter", range(3))]
    statistics = collector.statistics
    assert statistics.connections == 1
    assert statistics.authenticated_at_once == len(statistics.requests) == 3
    assert [request.method for request in statistics.requests] == ["POST"] * 3
    # The cookie of the first answer came back twice.
    assert list(statistics.sessions.values()) == [2]


@pytest.mark.parametrize("password", ["a:b", ":", "ß", '"', "%", "%3A", " ", "", 'ä:"%ß\\\n', "пароль", "🔑" * 50])
async def test_any_password(collector: Collector, password: str) -> None:
    collector.accounts = {"ü ser@example": password}
    async with _client(collector.url, password, "ü ser@example") as client:
        assert await client.push(BODY) == 200


# Each status and its error


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_2xx_is_received(collector: Collector, client: Client, status: int) -> None:
    collector.inject(Status(status))
    assert await client.push(BODY) == status


ERRORS: list[tuple[int, type[AnsweredError]]] = [
    *((status, Unavailable) for status in (300, 301, 302, 303, 304, 307, 308, 399)),
    (401, Unauthorized),
    (403, Forbidden),
    (404, NotFound),
    (408, Unavailable),
    (429, Unavailable),
    *((status, Refused) for status in (400, 402, 405, 407, 409, 410, 411, 413, 414, 415, 422, 425, 431, 451, 499)),
    *((status, Unavailable) for status in (500, 501, 502, 503, 504, 507, 511, 599)),
]


@pytest.mark.parametrize(("status", "kind"), ERRORS)
async def test_error_of_status(
    collector: Collector, client: Client, status: int, kind: type[AnsweredError]
) -> None:
    collector.inject(Status(status, times=None))
    for request in (client.push(BODY), client.read_last("meter")):
        error = await _error_of(kind, request)
        assert error.status == status
        assert str(error).startswith(f"HTTP {status}")
    assert not collector.accepted


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 405, 410, 422])
async def test_credentials_are_accepted(collector: Collector, client: Client, status: int) -> None:
    collector.inject(Status(status))
    await client.check_credentials()
    assert [(request.method, request.stream) for request in collector.statistics.requests] == [("GET", None)]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Unauthorized), (302, Unavailable), (429, Unavailable), (500, Unavailable)]
)
async def test_credentials_are_not_known_to_be_right(
    collector: Collector, client: Client, status: int, kind: type[AnsweredError]
) -> None:
    collector.inject(Status(status))
    await _error_of(kind, client.check_credentials())


async def test_wrong_credentials(collector: Collector) -> None:
    async with _client(collector.url, "wrong") as client:
        for request in (client.check_credentials(), client.push(BODY), client.read_last("meter")):
            await _error_of(Unauthorized, request)


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"aP_1 is\n  not a number ", "text/plain", "aP_1 is not a number"),
        (b'{"error": "no"}', "application/json", '{"error": "no"}'),
        (b"<html>a page</html>", "text/html", "Bad Request"),
        (b"", "text/plain", "Bad Request"),
        (b"x" * ANSWER_BYTES * 2, "text/plain", "x" * REASON_LENGTH),
        (b"\xff", "text/plain", "\N{REPLACEMENT CHARACTER}"),
    ],
)
async def test_reason(collector: Collector, client: Client, body: bytes, content_type: str, reason: str) -> None:
    collector.inject(Status(400, headers={"Content-Type": content_type}, body=body))
    error = await _error_of(Refused, client.push(BODY))
    assert error.reason == reason
    assert str(error) == f"HTTP 400: {reason}"


@pytest.mark.parametrize("status", [503, 429, 408, 302])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "9" * 400}, float("inf")),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 12:02:05 GMT", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 125),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 0),
        ({"Retry-After": "Monday, 23-Nov-26 12:00:10 GMT", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 10),
        ({"Retry-After": "Mon Nov 23 12:00:10 2026", "Date": "Mon, 23 Nov 2026 12:00:00 GMT"}, 10),
        ({"Retry-After": "Mon, 99 Nov 2026 12:02:05 GMT"}, None),
    ],
)
async def test_retry_after(
    collector: Collector, client: Client, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    collector.inject(Status(status, headers=headers))
    error = await _error_of(Unavailable, client.push(BODY))
    assert error.retry_after == seconds


async def test_retry_after_without_the_servers_date(collector: Collector, client: Client) -> None:
    collector.inject(Status(503, headers={"Retry-After": "Fri, 31 Dec 2100 00:00:00 GMT", "Date": "now"}))
    error = await _error_of(Unavailable, client.push(BODY))
    expected = (datetime(2100, 12, 31, tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    assert error.retry_after == pytest.approx(expected, abs=60)


@settings(deadline=None)
@given(strategies.text(strategies.characters(codec="latin-1", exclude_characters="\r\n\x00")))
async def test_any_retry_after(text: str) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 503 No\r\nRetry-After: {text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        writer.write(head.encode("latin-1"))
        writer.close()

    async with _raw_server(answer) as url, _client(url) as client:
        with pytest.raises((Unavailable, NoAnswer)):
            await client.push(BODY)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_credentials_follow_no_redirect(collector: Collector, client: Client, status: int) -> None:
    async with Collector(accounts={}) as elsewhere:
        collector.inject(Redirect(elsewhere.url, status, times=None))
        for request in (client.push(BODY), client.read_last("meter"), client.check_credentials()):
            assert (await _error_of(Unavailable, request)).status == status
        assert elsewhere.statistics.connections == 0


# No connection, no answer


async def test_nobody_listens(collector: Collector, client: Client) -> None:
    await collector.stop()
    for request in (client.push(BODY), client.read_last("meter"), client.check_credentials()):
        await _error_of(Unreachable, request)


@pytest.mark.parametrize("host", ["1.2.3.999", "127.0.0.1.", "a..b", f"{'a' * 70}"])
async def test_no_such_host(host: str) -> None:
    async with _client(f"https://{host}:1/") as client:
        await _error_of(Unreachable, client.push(BODY))


async def test_connection_is_not_made_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        server.setblocking(False)
        address = server.getsockname()
        # The kernel answers no more than fit into the queue that nobody takes them from.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        try:
            async with _client(f"http://127.0.0.1:{address[1]}/") as client:
                started = asyncio.get_running_loop().time()
                pushed = asyncio.create_task(client.push(BODY))
                while not pushed.done():
                    skip(0.5)
                    await asyncio.sleep(0)
                await _error_of(Unreachable, pushed)
                assert 10 <= asyncio.get_running_loop().time() - started < 15
        finally:
            for filler in fillers:
                filler.close()


async def test_certificate_is_not_trusted() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is no TLS")
        writer.close()

    async with _raw_server(answer) as url, _client(url.replace("http:", "https:")) as client:
        await _error_of(Unreachable, client.push(BODY))


async def test_no_answer_in_time(collector: Collector, client: Client) -> None:
    injection = collector.inject(Hang(accept=True))
    pushed = asyncio.create_task(client.push(BODY))
    await collector.wait_until(lambda: injection.struck == 1)
    skip(29)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not pushed.done()
    skip(1.1)
    error = await _error_of(NoAnswer, pushed)
    assert str(error) == "no answer within 30 s"
    assert len(collector.accepted) == 1
    # Its connection is not used again: the late answer would be taken for the next packet's.
    injection.release()
    assert await client.push(packet(number=1).encode()) == 200
    assert collector.statistics.connections == 2


async def test_answer_that_never_ends() -> None:
    begun = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nno")
        await reader.readuntil(BODY)
        begun.set()
        await reader.read()
        writer.close()

    async with _raw_server(answer) as url, _client(url) as client:
        pushed = asyncio.create_task(client.push(BODY))
        await begun.wait()
        while not pushed.done():
            skip(1)
            await asyncio.sleep(0)
        await _error_of(NoAnswer, pushed)


@pytest.mark.parametrize("accept", [False, True])
async def test_reset_on_a_new_connection(collector: Collector, client: Client, accept: bool) -> None:
    collector.inject(Reset(accept=accept))
    await _error_of(NoAnswer, client.push(BODY))
    assert len(collector.statistics.requests) == 1
    assert len(collector.accepted) == accept


@pytest.mark.parametrize("accept", [False, True])
async def test_reset_on_a_used_connection_is_tried_again_at_once(
    collector: Collector, client: Client, accept: bool
) -> None:
    await client.push(BODY)
    collector.inject(Reset(accept=accept))
    assert await client.push(packet(number=1).encode()) == 200
    assert [arrival.body for arrival in collector.accepted] == [BODY, packet(number=1).encode()]
    assert len(collector.discarded) == accept
    assert collector.statistics.connections == 2


async def test_reset_again_is_no_answer(collector: Collector, client: Client) -> None:
    await client.push(BODY)
    collector.inject(Reset(times=None))
    await _error_of(NoAnswer, client.push(packet(number=1).encode()))
    assert [request.connection for request in collector.statistics.requests] == [1, 1, 2]


async def test_connections_that_a_server_closes_are_no_outage(collector: Collector, client: Client) -> None:
    collector.inject(Close(announced=False, times=None))
    for one in packets("meter", range(20)):
        assert await client.push(one.encode()) == 200
    assert len(collector.accepted) == 20
    assert not collector.discarded


async def test_server_restarts_between_two_packets(collector: Collector, client: Client) -> None:
    await client.push(BODY)
    await collector.stop()
    await collector.start()
    assert await client.push(packet(number=1).encode()) == 200


async def test_received_with_half_an_answer(collector: Collector, client: Client) -> None:
    collector.inject(Truncated())
    assert await client.push(BODY) == 200
    assert len(collector.accepted) == len(collector.statistics.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, Unauthorized), (404, NotFound), (503, Unavailable)]
)
async def test_status_counts_with_half_an_answer(status: int, kind: type[AnsweredError]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 100\r\n\r\nwhy".encode())
        writer.close()

    async with _raw_server(answer) as url, _client(url) as client:
        assert (await _error_of(kind, client.push(BODY))).status == status


@pytest.mark.parametrize(
    "answer", [b"", b"\x16\x03\x01", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX"]
)
async def test_answer_is_no_http(answer: bytes) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(BODY)
        writer.write(answer)
        writer.close()

    async with _raw_server(respond) as url, _client(url) as client:
        await _error_of(NoAnswer, client.push(BODY))


async def test_no_more_than_the_limit_is_read() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while not reader.at_eof():
                writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
                await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    async with _raw_server(endless) as url, _client(url) as client:
        assert await client.push(BODY) == 200
        assert await client.read_last("meter") is None


async def test_a_small_answer_that_unpacks_to_a_large_one(collector: Collector, client: Client) -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    collector.inject(Status(400, headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"}, body=bomb))
    assert (await _error_of(Refused, client.push(BODY))).reason == ""


# What was processed last


async def test_read_last(collector: Collector, client: Client) -> None:
    assert await client.read_last("meter") is None
    await client.push(BODY)
    await client.push(packet(number=1).encode())
    assert await client.read_last("meter") == packet(number=1)
    assert await client.read_last("other") is None
    assert collector.statistics.requests[-2].stream == "meter"


@pytest.mark.parametrize("stream_id", ["a b", "a&stream=b", "a+b", "ä/ö?#%41", "a=b;c", '"', "a\r\nX: y"])
async def test_read_last_of_any_id(collector: Collector, client: Client, stream_id: str) -> None:
    await client.push(packet(stream_id).encode())
    assert await client.read_last(stream_id) == packet(stream_id)
    assert collector.statistics.requests[-1].stream == stream_id


@pytest.mark.parametrize(
    "answer",
    [
        ReadBack(b""),
        ReadBack(b"{}"),
        ReadBack(b"null"),
        ReadBack(b"[]"),
        ReadBack(b"<html></html>", "text/html"),
        ReadBack(BODY[:-1]),
        ReadBack(b"\xff\x00"),
        ReadBack(b'{"id":"meter","tsISO8601":"2026-11-23T12:00:00.000"}'),
        ReadBack(BODY[:-1] + b" " * ANSWER_BYTES + b"}"),
        Status(204),
        Truncated(),
    ],
)
async def test_read_last_is_not_known(
    collector: Collector, client: Client, answer: ReadBack | Status | Truncated
) -> None:
    collector.inject(answer)
    assert await client.read_last("meter") is None


async def test_read_last_with_other_keys(collector: Collector, client: Client) -> None:
    body = json.dumps({**json.loads(BODY), "site": {"name": "x"}, "aP_9": 1, "status": "ok"}, indent=1)
    collector.inject(ReadBack(body.encode(), "text/html"))
    assert await client.read_last("meter") == packet()


# Secrets


def _secrets(client: Client) -> list[str]:
    token = client._headers["Authorization"].removeprefix("Basic ")
    spellings = [PASSWORD, json.dumps(PASSWORD)[1:-1], quote(PASSWORD), quote(PASSWORD, safe="")]
    return [token, *spellings]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 302])
@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "text/plain; charset=iso-8859-1"])
async def test_no_secret_in_an_error(collector: Collector, client: Client, status: int, content_type: str) -> None:
    echoes = [
        *_secrets(client),
        json.dumps({"authorization": client._headers["Authorization"], "password": PASSWORD}),
        f"user {USER}:{PASSWORD} is not allowed",
        " ".join(_secrets(client)),
        "x" * (REASON_LENGTH - 5) + PASSWORD,
    ]
    for echo in echoes:
        body = echo.encode("iso-8859-1" if "8859" in content_type else "utf-8")
        collector.inject(
            Status(status, headers={"Content-Type": content_type, "Location": "http://127.0.0.1:1/"}, body=body)
        )
        error = await _error_of(AnsweredError, _as_answered(client.push(BODY)))
        _assert_no_secret(error, client)


async def test_no_secret_in_the_reason_phrase() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        token = head.partition(b"Authorization: ")[2].partition(b"\r\n")[0]
        writer.write(b"HTTP/1.1 401 No " + token + b"\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with _raw_server(answer) as url, _client(url) as client:
        _assert_no_secret(await _error_of(Unauthorized, client.push(BODY)), client)


async def test_no_secret_without_an_answer(collector: Collector, client: Client) -> None:
    collector.inject(Reset())
    _assert_no_secret(await _error_of(NoAnswer, client.push(BODY)), client)
    await collector.stop()
    _assert_no_secret(await _error_of(Unreachable, client.push(BODY)), client)


async def test_no_secret_in_the_client(client: Client) -> None:
    assert not any(secret in f"{client!r}{client}" for secret in _secrets(client))


async def _as_answered(request: Coroutine[Any, Any, object]) -> None:
    """Take any error of an answer for `AnsweredError`."""
    try:
        await request
    except AnsweredError as error:
        raise AnsweredError(error.status, error.reason) from error


def _assert_no_secret(error: DeliveryError, client: Client) -> None:
    texts = [str(error), repr(error), *map(str, error.args), "".join(traceback.format_exception(error))]
    for secret in _secrets(client):
        assert not any(secret in text for text in texts)
    # Nor a part of it, where a character was not understood.
    assert not any('"%41' in text for text in texts)


# URLs


@pytest.mark.parametrize(
    ("url", "normalized"),
    [
        (PRODUCTION_URL, PRODUCTION_URL),
        (DEMO_URL, DEMO_URL),
        (PRODUCTION_URL.rstrip("/"), PRODUCTION_URL),
        (f"  {PRODUCTION_URL}\n", PRODUCTION_URL),
        ("HTTPS://Web-Collector.Wattics.COM/measurements/v2/unifiedjson", PRODUCTION_URL),
        ("https://web-collector.wattics.com:443/measurements/v2/unifiedjson/", PRODUCTION_URL),
        ("https://example.com", "https://example.com/"),
        ("https://example.com/", "https://example.com/"),
        ("https://example.com?", "https://example.com/"),
        ("https://example.com:8443/a", "https://example.com:8443/a/"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb/"),
        ("https://example.com/a/../b", "https://example.com/b/"),
        ("https://münchen.example/ä", "https://xn--mnchen-3ya.example/%C3%A4/"),
        ("https://192.0.2.1/a", "https://192.0.2.1/a/"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/a/"),
        ("http://127.0.0.1:8080/a/", "http://127.0.0.1:8080/a/"),
        ("http://127.1.2.3", "http://127.1.2.3/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
        ("http://localhost:8080", "http://localhost:8080/"),
    ],
)
def test_normalize_url(url: str, normalized: str) -> None:
    assert normalize_url(url) == normalized
    assert normalize_url(normalized) == normalized


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "/measurements/",
        "https://",
        "https:///a",
        "https://:443/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://example.com/",
        "http://192.168.1.5/",
        "http://0.0.0.0/",
        "http://localhost.example.com/",
        "http://127.0.0.1.example.com/",
        "http://[2001:db8::1]/",
        "http://127.0.0.1@example.com/",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://:password@example.com/",
        "https://example.com/?stream=x",
        "https://example.com/#part",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://exa\x00mple.com/",
        "https://[::1/",
        "https://[nonsense]/",
    ],
)
def test_urls_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has its own words
        normalize_url(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1/", True),
        ("http://[::1]/", True),
        ("https://192.0.2.1/", True),
        ("http://localhost/", False),
        (PRODUCTION_URL, False),
    ],
)
def test_is_ip_address(url: str, expected: bool) -> None:
    assert is_ip_address(url) == expected


type _Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def _raw_server(answer: _Answer) -> AsyncGenerator[str]:
    """Serve what no well-behaved HTTP server would say."""
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
