"""The gate of an account: one probe at a time, and no old answer decides."""

import pytest

from custom_components.wattics.delivery.gate import Gate

from .clocks import ManualClock, Middling


class _Gate(Gate):
    """A gate with its clock and a count of its calls."""

    def __init__(self) -> None:
        """Stand open."""
        self.clock = ManualClock()
        self.changes = 0
        super().__init__(self.clock, Middling(), self._count)

    def _count(self) -> None:
        self.changes += 1


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


def test_open_from_the_start(gate: _Gate) -> None:
    attempts = [gate.begin() for _ in range(5)]
    assert gate.permits
    for attempt in attempts:
        gate.succeeded(attempt)
        gate.release(attempt)
    assert (gate.is_open, gate.permits, gate.changes, gate.clock.waits) == (True, True, 0, [])


async def test_one_probe_after_the_wait(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a")
    assert (gate.is_open, gate.permits, gate.clock.waits, gate.changes) == (False, False, [0.5], 1)
    await gate.clock.advance(0.499)
    assert not gate.permits
    await gate.clock.advance(0.001)
    assert (gate.permits, gate.changes) == (True, 2)
    probe = gate.begin()
    assert not gate.permits
    gate.succeeded(probe)
    assert (gate.is_open, gate.permits, gate.changes, gate.clock.waits) == (True, True, 3, [])


async def test_waits_grow_until_a_success(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a")
    for wait in (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 150, 150):
        assert gate.clock.waits == [wait]
        await gate.clock.advance(wait)
        gate.failed(gate.begin(), "a")
    await gate.clock.advance(300)
    gate.succeeded(gate.begin())
    gate.failed(gate.begin(), "a")
    assert gate.clock.waits == [0.5]


async def test_the_servers_wish(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a", 77)
    assert gate.clock.waits == [77]


async def test_answers_from_before_the_gate_closed_prove_nothing(gate: _Gate) -> None:
    old = [gate.begin() for _ in range(4)]
    gate.failed(old[0], "a")
    gate.failed(old[1], "b")
    gate.refused_credentials(old[2])
    gate.succeeded(old[3])
    assert (gate.is_open, gate.unauthorized, gate.clock.waits, gate.changes) == (False, False, [0.5], 1)
    await gate.clock.advance(1)
    probe = gate.begin()
    for attempt in old:
        gate.succeeded(attempt)
        gate.failed(attempt, "a")
        gate.release(attempt)
    assert (gate.is_open, gate.permits) == (False, False)
    gate.succeeded(probe)
    assert gate.is_open
    # Nor do they close it again.
    gate.failed(old[0], "a")
    assert gate.is_open


async def test_doubt_lets_another_stream_ask_at_once(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a")
    gate.doubt("a")
    assert not gate.permits
    gate.doubt("b")
    assert gate.permits
    gate.failed(gate.begin(), "b")
    # Two streams have met it: it is the server's.
    for stream_id in "abc":
        gate.doubt(stream_id)
    assert (gate.permits, gate.clock.waits) == (False, [1])
    await gate.clock.advance(2)
    gate.succeeded(gate.begin())
    gate.doubt("c")
    assert gate.is_open


@pytest.mark.parametrize("case", ["two streams", "the server's wish", "credentials"])
async def test_no_doubt(gate: _Gate, case: str) -> None:
    attempts = [gate.begin(), gate.begin()]
    gate.failed(attempts[0], "a", 60 if case == "the server's wish" else None)
    if case == "two streams":
        gate.failed(attempts[1], "b")
    elif case == "credentials":
        await gate.clock.advance(1)
        gate.refused_credentials(gate.begin())
    gate.doubt("c")
    assert not gate.permits


async def test_a_probe_with_nothing_to_send_leaves_its_turn(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a")
    await gate.clock.advance(1)
    gate.release(gate.begin())
    assert (gate.is_open, gate.permits) == (False, True)
    gate.succeeded(gate.begin())
    assert gate.is_open


async def test_wrong_credentials(gate: _Gate) -> None:
    gate.refused_credentials(gate.begin())
    assert (gate.is_open, gate.unauthorized, gate.clock.waits) == (False, True, [900])
    await gate.clock.advance(900)
    gate.refused_credentials(gate.begin())
    assert gate.clock.waits == [900]
    await gate.clock.advance(900)
    # The server fails: that says nothing of the credentials.
    gate.failed(gate.begin(), "a")
    assert (gate.unauthorized, gate.clock.waits) == (True, [0.5])
    await gate.clock.advance(1)
    gate.succeeded(gate.begin())
    assert (gate.is_open, gate.unauthorized) == (True, False)


async def test_reopen_lets_one_probe_pass_at_once(gate: _Gate) -> None:
    gate.reopen()
    assert gate.changes == 0
    gate.refused_credentials(gate.begin())
    gate.reopen()
    assert (gate.is_open, gate.permits, gate.unauthorized, gate.clock.waits) == (False, True, True, [])
    probe = gate.begin()
    gate.reopen()
    assert not gate.permits
    gate.succeeded(probe)
    assert gate.is_open


async def test_stop_leaves_no_timer(gate: _Gate) -> None:
    gate.failed(gate.begin(), "a")
    gate.stop()
    assert gate.clock.waits == []
