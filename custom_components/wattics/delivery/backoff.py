"""How long to wait after each kind of answer."""

from collections.abc import Iterator
from random import Random
from typing import Final

SERVER_FIRST: Final = 1.0
SERVER_MOST: Final = 300.0
RETRY_AFTER_MOST: Final = 3600.0
UNAUTHORIZED_PROBE: Final = 900.0
STREAM_FIRST: Final = 60.0
STREAM_MOST: Final = 3600.0
REFUSED_WAITS: Final = (10.0, 60.0)
"""Between the tries of a packet that is refused; after the last one it is set aside."""


def antithetic(random: Random) -> Iterator[float]:
    """Yield fractions from 0 to 1 without end, each of them evenly distributed, in pairs that add up to 1.

    A short wait is followed by a long one: waits of full jitter that were drawn independently could all be
    short, and then nothing would bound how often a server is tried in an hour.
    """
    while True:
        fraction = random.random()
        yield fraction
        yield 1.0 - fraction


def server_wait(failures: int, fraction: float, retry_after: float | None = None) -> float:
    """Return the seconds to wait after so many failures in a row (1 or more) that concern the whole server.

    Full jitter, by a `fraction` of chance, so that installations that failed together do not come back together;
    a wait that the server asks for is obeyed, up to an hour.
    """
    wait = fraction * _doubling(SERVER_FIRST, failures, SERVER_MOST)
    return wait if retry_after is None else max(wait, min(retry_after, RETRY_AFTER_MOST))


def stream_wait(failures: int) -> float:
    """Return the seconds for which a stream waits that Wattics does not let us write to, for the n-th time."""
    return _doubling(STREAM_FIRST, failures, STREAM_MOST)


def _doubling(first: float, failures: int, most: float) -> float:
    return min(most, first * 2.0 ** min(failures - 1, 32))
