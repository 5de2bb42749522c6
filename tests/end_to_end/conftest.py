"""Homes to test: a Home Assistant process and a collector process, ended whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path
import signal

import pytest

from .home import Home


@pytest.fixture(scope="session", autouse=True)
def _terminable() -> None:
    """Let SIGTERM end the tests as Ctrl-C does: in order, with all processes ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let tests talk to the processes."""


@pytest.fixture
def make_home(tmp_path: Path) -> Iterator[Callable[[str], Home]]:
    """Return a function that starts a home of the test's own, in an environment."""
    homes: list[Home] = []

    def make(environment: str) -> Home:
        homes.append(Home(environment, tmp_path / f"home_{len(homes)}"))
        homes[-1].start()
        return homes[-1]

    yield make
    for home in homes:
        home.close()
