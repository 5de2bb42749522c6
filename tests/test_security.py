"""Passwords are nowhere but in the config entry, and go nowhere but to the server that the user named."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
import ipaddress
import json
import logging
from pathlib import Path
import re
import socket
import ssl
import threading
from typing import Any, Final
from urllib.parse import quote, quote_plus

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from homeassistant.config_entries import SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest

from tests.collector import Collector, Redirect, Reset, Status, Truncated

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")
USER: Final = "ädä"
PASSWORD: Final = 'p:ß"%s%%/\\ <&>'
NEW_PASSWORD: Final = "n€w: {secret}'%d"
TEXT: Final = {"Content-Type": "text/plain; charset=utf-8"}


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)
    home.collector.accounts[USER] = PASSWORD


def _spellings(password: str) -> Iterator[str]:
    """Yield what a password must not be found as."""
    yield password
    yield from (json.dumps(password)[1:-1], json.dumps(password, ensure_ascii=False)[1:-1])
    yield from (quote(password), quote(password, safe=""), quote_plus(password))
    yield escape(password)
    for encoded in (password.encode(), password.encode("latin-1", "replace"), f"{USER}:{password}".encode()):
        for token in (b64encode(encoded).decode(), urlsafe_b64encode(encoded).decode()):
            yield from (token, token.rstrip("="), quote(token, safe=""), token.replace("/", "\\/"))


SPELLINGS: Final = frozenset(
    spelling for one in (PASSWORD, NEW_PASSWORD) for spelling in (repr(one)[1:-1], *_spellings(one))
)


def _assert_no_secret(text: str, where: str) -> None:
    for spelling in SPELLINGS:
        assert spelling not in text, f"{where} has {spelling}"


class _Parrot:
    """A server that answers with raw bytes, made of the Authorization header that it got."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.answer: Callable[[str], bytes] = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        (authorization,) = re.findall(r"(?i)\r\nauthorization: *(.*?)\r\n", head.decode())
        writer.write(self.answer(authorization))
        writer.close()


@asynccontextmanager
async def _parrot() -> AsyncGenerator[_Parrot]:
    parrot = _Parrot()
    server = await asyncio.start_server(parrot.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parrot.url = f"http://127.0.0.1:{port}/measurements/"
    async with server:
        yield parrot


def _everything_said(home: Home, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """Return all that anybody can read who may not read the config entry."""
    formatter = logging.Formatter("%(message)s %(args)r")
    return {
        "the log": "\n".join([caplog.text, *map(formatter.format, caplog.records)]),
        "the states": "\n".join(repr(state.as_dict()) for state in home.hass.states.async_all()),
        "the repairs": "\n".join(map(repr, ir.async_get(home.hass).issues.values())),
        "the folder": "\n".join(
            part.read_bytes().decode(errors="replace") for part in sorted(home.folder.glob("*"))
        ),
    }


async def _press(home: Home) -> str:
    """Ask Wattics now, and return what the user is told if that fails."""
    try:
        await home.press(MAIN, "verify")
    except HomeAssistantError as error:
        return f"{error!r} {error} {error.translation_placeholders} {error.__cause__!r}"
    return ""


async def test_a_life_in_which_no_secret_is_told(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().setLevel(logging.DEBUG)
    told: list[str] = []
    entry = await home.start(stream(), stream("other"), username=USER, password=PASSWORD)
    await home.until("12:01:30")
    assert home.instants("main") == ["12:01:00"]
    echoes = "\n".join(sorted(set(_spellings(PASSWORD)), key=len))
    for fault in (
        Status(500, body=echoes.encode(), headers=TEXT, times=4),
        Status(503, body=json.dumps({"error": PASSWORD}).encode(), headers={"Content-Type": "application/json"}),
        Status(400, body=f"{PASSWORD} is wrong".encode(), headers=TEXT, times=3, stream="main"),
        Status(403, body=f"<b>{escape(PASSWORD)}</b>".encode(), headers={"Content-Type": "text/html"}),
        Reset(times=2),
        Truncated(),
        Redirect(f"https://{quote(USER)}:{quote(PASSWORD, safe='')}@127.0.0.1:9/"),
    ):
        injection = home.collector.inject(fault)
        await home.pass_time(130)
        told.append(await _press(home))
        injection.clear()
    home.collector.accounts[USER] = NEW_PASSWORD
    await home.pass_time(120)
    told.append(await _press(home))
    (flow,) = home.hass.config_entries.flow.async_progress()
    for password in (PASSWORD, NEW_PASSWORD):
        result = await home.hass.config_entries.flow.async_configure(
            flow["flow_id"], {"username": USER, "password": password}
        )
        told.append(repr({key: value for key, value in result.items() if key != "data_schema"}))
        await home.settle()
    assert result["type"] is FlowResultType.ABORT
    for action in ("retry_rejected", "discard_rejected"):
        answered = await home.hass.services.async_call(
            "wattics", action, {"config_entry_id": ACCOUNT}, blocking=True, return_response=True
        )
        told.append(repr(answered))
    await home.pass_time(4000)
    await home.press(ACCOUNT, "retry")
    assert home.collector.faults.keys() >= {"status", "reset", "truncated", "redirect"}
    assert entry.data["password"] == NEW_PASSWORD
    assert len(home.packets("main")) > 60
    said = _everything_said(home, caplog)
    assert "Wattics takes no packets" in said["the log"]
    assert "**" in said["the log"]
    await home.unload(entry)
    for where, text in [
        *said.items(),
        *_everything_said(home, caplog).items(),
        *(("an error", one) for one in told),
    ]:
        _assert_no_secret(text, where)


def _in_the_reason(authorization: str) -> bytes:
    return f"HTTP/1.1 500 you sent {authorization}\r\nContent-Length: 0\r\n\r\n".encode()


def _in_a_header(authorization: str) -> bytes:
    return f"HTTP/1.1 503 No\r\nX-Echo: {authorization}\r\nRetry-After: {authorization}\r\n\r\n".encode()


def _in_the_body(authorization: str) -> bytes:
    body = json.dumps({"headers": {"Authorization": authorization}}).encode()
    return b"HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _in_a_status_line_that_is_none(authorization: str) -> bytes:
    return f"{authorization}\r\n\r\n".encode()


def _in_a_header_that_is_none(authorization: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\n{authorization} \x00 no header\r\n\r\n".encode()


def _in_very_much(authorization: str) -> bytes:
    body = (f"{authorization} " * 4000).encode()
    return b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _behind_much(authorization: str) -> bytes:
    """End what is read of the answer in the middle of the secret."""
    body = b" " * (64 * 1024 - 25) + authorization.encode()
    return b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _in_a_long_header(authorization: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nX-Echo: {authorization * 4000}\r\n\r\n".encode()


def _in_a_location(authorization: str) -> bytes:
    return (
        f"HTTP/1.1 307 No\r\nLocation: https://example.com/{authorization}\r\nContent-Length: 0\r\n\r\n".encode()
    )


@pytest.mark.parametrize(
    "answer",
    [
        _in_the_reason,
        _in_a_header,
        _in_the_body,
        _in_a_status_line_that_is_none,
        _in_a_header_that_is_none,
        _in_very_much,
        _behind_much,
        _in_a_long_header,
        _in_a_location,
    ],
)
async def test_a_server_that_repeats_what_it_was_sent(
    home: Home, caplog: pytest.LogCaptureFixture, answer: Callable[[str], bytes]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with _parrot() as parrot:
        parrot.answer = answer
        entry = await home.start(stream(), username=USER, password=PASSWORD, url=parrot.url)
        for minute in range(2, 5):
            await home.until(f"12:0{minute}:30")
            await home.press(ACCOUNT, "retry")
        told = await _press(home)
        last_error = entry.runtime_data.upload.uploader.answers.last_error
        result: Any = await home.hass.config_entries.flow.async_init(
            "wattics",
            context={"source": SOURCE_USER},
            data={"url": f"{parrot.url}again/", "username": USER, "password": PASSWORD},
        )
        assert result["errors"] or result["type"] is FlowResultType.CREATE_ENTRY
        await home.unload(entry)
    assert f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}" in parrot.heads[0].decode()
    for where, text in [
        *_everything_said(home, caplog).items(),
        ("the error", told),
        ("the last error", str(last_error)),
        ("the form", repr(result["errors"])),
    ]:
        _assert_no_secret(text, where)
        # Half of a secret is one, too.
        assert b64encode(f"{USER}:{PASSWORD}".encode()).decode()[:10] not in text, where


# Where credentials go


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate that nobody has a reason to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def _tls_server(context: ssl.SSLContext) -> Generator[tuple[str, list[bytes]]]:
    """Give a server's URL, and what each connection to it carried once it was encrypted, if it came to that."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with connection, context.wrap_socket(connection, server_side=True) as encrypted:
                    received.append(encrypted.recv(65_536))
            except OSError:
                received.append(b"")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/measurements/", received
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


async def test_a_certificate_that_is_not_trusted(home: Home, tmp_path: Path) -> None:
    with _tls_server(_self_signed(tmp_path)) as (url, received):
        entry = await home.start(stream(), url=url)
        await home.until("12:02:30")
        await home.press(ACCOUNT, "retry")
        account = entry.runtime_data
        assert account.upload.uploader.answers.last_error == "the server's certificate is not trusted"
        assert home.shown(MAIN, "status", "queued") == ["retrying", "2"]
        result: Any = await home.hass.config_entries.flow.async_init(
            "wattics",
            context={"source": SOURCE_USER},
            data={"url": url, "username": USER, "password": PASSWORD},
        )
        assert result["errors"] == {"base": "cannot_connect"}
        await home.unload(entry)
    assert len(received) > 2
    assert set(received) == {b""}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(home: Home, status: int) -> None:
    async with Collector(accounts={"ada": "secret"}) as elsewhere:
        for method in ("POST", "GET"):
            home.collector.inject(Redirect(elsewhere.url, status=status, times=2, method=method))
        await home.start(stream())
        await home.until("12:05:30")
        await _press(home)
        assert home.collector.faults["redirect"] == 4
        assert elsewhere.statistics.requests == []
        assert elsewhere.statistics.connections == 0
    assert home.instants() == [f"12:0{minute}:00" for minute in range(1, 6)]


@pytest.mark.parametrize(
    "stream_id",
    [
        "a\r\nX-Injected: 1",
        "a\r\n\r\nGET /elsewhere HTTP/1.1\r\n",
        'a","aP_1":99,"x":"',
        "a&stream=other#?%0d%0aX-Injected:1",
        "\u2028ß\U0001f50c\u0000",
        "../../etc/passwd",
        "'; DROP TABLE packets; --",
    ],
)
async def test_an_id_is_nothing_but_an_id(home: Home, stream_id: str) -> None:
    await home.start(stream(stream_id), stream("other"))
    await home.until("12:01:30")
    await home.press(key_of(stream_id), "verify")
    assert [(packet.stream_id, packet.values) for packet in home.packets(stream_id)] == [(stream_id, {"aP_1": 1})]
    asked = [request.stream for request in home.collector.statistics.requests if request.method == "GET"]
    assert asked == [stream_id]
    assert {request.path for request in home.collector.statistics.requests} == {"/measurements/v2/unifiedjson/"}
    assert len(home.packets()) == 2
    assert {file.name for file in home.folder.iterdir()} == {
        f"{ACCOUNT}.db{suffix}" for suffix in ("", "-wal", "-shm")
    }


@pytest.mark.parametrize("username", ["a\r\nX-Injected", "ada\0", "\U0001f50c"])
async def test_credentials_are_nothing_but_credentials(home: Home, username: str) -> None:
    async with _parrot() as parrot:
        entry = await home.start(stream(), username=username, password="x\r\nX-Too: 1", url=parrot.url)
        await home.until("12:01:30")
        await home.unload(entry)
    (head,) = parrot.heads
    names = {line.partition(":")[0].lower() for line in head.decode().split("\r\n")[1:] if line}
    assert names <= {
        *("host", "authorization", "content-type", "content-length", "accept", "accept-encoding", "user-agent"),
        "connection",
    }
