"""What Wattics may answer other than "received": one error a kind (the vendor's page, "Data Acknowledgement").

No message holds a URL, a user name or a password: they may be logged as they are.
"""

from typing import override


class DeliveryError(Exception):
    """A request that was not answered with "received"."""


class Unreachable(DeliveryError):
    """No connection came about: nothing was sent."""


class NoAnswer(DeliveryError):
    """The request was sent and its answer is lost: Wattics may have taken the packet or not."""


class AnsweredError(DeliveryError):
    """Wattics answered, with another status than "received"."""

    def __init__(self, status: int, reason: str = "") -> None:
        """Keep the HTTP status and the words of the answer, if any."""
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    @override
    def __str__(self) -> str:
        return f"HTTP {self.status}: {self.reason}" if self.reason else f"HTTP {self.status}"


class Unavailable(AnsweredError):
    """The server can't take packets now: 408, 429, 5xx, or a redirect, which is never followed."""

    def __init__(self, status: int, reason: str = "", retry_after: float | None = None) -> None:
        """Keep what the server asks for: `retry_after` is in seconds from now."""
        super().__init__(status, reason)
        self.retry_after = retry_after


class Unauthorized(AnsweredError):
    """401: the credentials are wrong."""


class Forbidden(AnsweredError):
    """403: this user may not write to this stream."""


class NotFound(AnsweredError):
    """404: Wattics does not know this stream."""


class Refused(AnsweredError):
    """400 and every other 4xx: this packet is not taken."""


class OutboxError(Exception):
    """The outbox's file could not be read or written."""


class OutboxDamaged(OutboxError):
    """The outbox's file is not what it should be: it has to be replaced."""
