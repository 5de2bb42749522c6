"""What Wattics answers to a request: credentials, streams, packets and the read-back, without any fault."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from .accounts import access_status, account_of
from .ledger import Ledger, Origin, Verdict
from .packets import PacketError, parse_packet
from .traffic import Transaction

PATH = "/measurements/v2/unifiedjson/"
BODY_LIMIT = 1024 * 1024  # aiohttp's own default

_CONTENT_TYPES = ("application/json", "text/json")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Wattics", charset="UTF-8"'}
_ACCESS_TEXTS = {403: "the stream belongs to another account", 404: "no such stream"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as far as it has been read; no body: not read, because of its credentials or its size."""

    request: web.BaseRequest
    transaction: Transaction
    body: bytes | None


@dataclass(kw_only=True)
class Rules:
    """Who may send what: user → password, user → its only streams, and the streams that exist (None: any)."""

    accounts: dict[str, str]
    restricted_to: Mapping[str, Collection[str]] = field(default_factory=dict)
    known_streams: Collection[str] | None = None
    discarded_status: int = 200

    def account_of(self, request: web.BaseRequest) -> str | None:
        """Return the account whose right credentials a request carries."""
        return account_of(request.headers.get("Authorization"), self.accounts)

    def access_status(self, account: str, stream_id: str) -> int:
        """Return 200, 403 or 404 for an account's use of a stream."""
        return access_status(account, stream_id, self.known_streams, self.restricted_to)


def answer(exchange: Exchange, rules: Rules, ledger: Ledger) -> web.Response:
    """Do what a request asks for and return the answer of the vendor's table of status codes."""
    request, account = exchange.request, exchange.transaction.account
    if request.path != PATH:
        return web.Response(status=404, text="no such resource")
    if account is None:
        return web.Response(status=401, text="wrong credentials", headers=_CHALLENGE)
    match request.method:
        case "POST":
            return _receive(exchange, account, rules, ledger)
        case "GET":
            return _read_back(exchange, account, rules, ledger)
    return web.Response(status=405, text="POST or GET", headers={"Allow": "GET, POST"})


def _receive(exchange: Exchange, account: str, rules: Rules, ledger: Ledger) -> web.Response:
    origin = Origin(account, exchange.transaction.connection, datetime.now(UTC))
    if exchange.body is None:
        reason = f"the body is larger than {BODY_LIMIT} bytes"
        ledger.refuse(reason, b"", origin)
        return web.Response(status=413, text=reason)
    try:
        _check_content_type(exchange.request)
        packet = parse_packet(exchange.body)
    except PacketError as error:
        ledger.refuse(str(error), exchange.body, origin)
        return web.Response(status=400, text=str(error))
    status = rules.access_status(account, packet.stream_id)
    if status != 200:
        return web.Response(status=status, text=_ACCESS_TEXTS[status])
    if ledger.receive(packet, exchange.body, origin) is Verdict.DISCARDED:
        return web.Response(
            status=rules.discarded_status, text="discarded: not newer than the stream's last packet"
        )
    return web.Response()


def _check_content_type(request: web.BaseRequest) -> None:
    if request.content_type not in _CONTENT_TYPES:
        raise PacketError(f"Content-Type is {request.content_type}, not {' or '.join(_CONTENT_TYPES)}")


def _read_back(exchange: Exchange, account: str, rules: Rules, ledger: Ledger) -> web.Response:
    stream_id = exchange.request.query.get("stream")
    if not stream_id:
        return web.Response(status=400, text="the query parameter stream is missing")
    status = rules.access_status(account, stream_id)
    if status != 200:
        return web.Response(status=status, text=_ACCESS_TEXTS[status])
    newest = ledger.newest(stream_id)
    return web.Response(body=newest.body if newest else b"{}", content_type="application/json")
