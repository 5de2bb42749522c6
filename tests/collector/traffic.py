"""How clients behave on the wire: transactions, connections and sessions, counted."""

from asyncio import Transport
from collections import Counter
from dataclasses import dataclass, field
import secrets


@dataclass(eq=False, slots=True)
class Transaction:
    """A request and its answer; no status while it is in flight or when it got no whole answer.

    `challenged`: the request before it on the same connection was answered 401.
    `session_returned`: it carried a session cookie of this collector.
    """

    method: str
    path: str
    connection: int
    challenged: bool
    session_returned: bool
    stream: str | None = None
    account: str | None = None
    status: int | None = None


@dataclass(eq=False, slots=True)
class _Connection:
    number: int
    last_status: int | None = None


@dataclass
class Statistics:
    """What tests ask about the traffic; `requests` is in order of arrival."""

    requests: list[Transaction] = field(default_factory=list)
    connections: int = 0
    most_connections: int = 0
    most_in_flight: int = 0
    most_in_flight_by_stream: Counter[str] = field(default_factory=Counter)
    sessions: dict[str, int] = field(default_factory=dict)
    _open: dict[Transport, _Connection] = field(default_factory=dict)
    _in_flight: dict[Transaction, Transport] = field(default_factory=dict)

    @property
    def authenticated(self) -> int:
        """The number of requests with right credentials."""
        return sum(request.account is not None for request in self.requests)

    @property
    def authenticated_at_once(self) -> int:
        """The number of requests with right credentials that no 401 on their connection had asked for."""
        return sum(request.account is not None and not request.challenged for request in self.requests)

    @property
    def in_flight(self) -> int:
        """The number of transactions that are not answered yet and whose client still waits."""
        return len(self._waiting())

    @property
    def statuses(self) -> Counter[int | None]:
        """The number of requests by status; None: in flight or not answered."""
        return Counter(request.status for request in self.requests)

    def waiting_transports(self) -> list[Transport]:
        """Return the connections that wait for an answer."""
        return [self._in_flight[transaction] for transaction in self._waiting()]

    def begin(self, transport: Transport, method: str, path: str, session: str | None) -> Transaction:
        """Count a request that has arrived."""
        connection = self._connection(transport)
        returned = session in self.sessions
        if session is not None and returned:
            self.sessions[session] += 1
        transaction = Transaction(
            method, path, connection.number, challenged=connection.last_status == 401, session_returned=returned
        )
        self.requests.append(transaction)
        self._in_flight[transaction] = transport
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        return transaction

    def identify(self, transaction: Transaction, stream: str) -> None:
        """Count the transaction as one of its stream."""
        transaction.stream = stream
        at_once = sum(other.stream == stream for other in self._waiting())
        self.most_in_flight_by_stream[stream] = max(self.most_in_flight_by_stream[stream], at_once)

    def end(self, transaction: Transaction) -> None:
        """Count the transaction as over; its status, if any, is set."""
        connection = self._open.get(self._in_flight.pop(transaction))
        if connection is not None:
            connection.last_status = transaction.status

    def new_session(self) -> str:
        """Return the cookie of a new session."""
        token = secrets.token_hex(8)
        self.sessions[token] = 0
        return token

    def _waiting(self) -> list[Transaction]:
        # A client may give up and send again before its old connection's handler has noticed.
        return [one for one, transport in self._in_flight.items() if not transport.is_closing()]

    def _connection(self, transport: Transport) -> _Connection:
        if transport in self._open:
            return self._open[transport]
        self.connections += 1
        self._open = {one: known for one, known in self._open.items() if not one.is_closing()}
        connection = self._open[transport] = _Connection(self.connections)
        self.most_connections = max(self.most_connections, len(self._open))
        return connection
