"""How long is waited after each kind of answer."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, islice, repeat
from random import Random
from typing import override

from hypothesis import given, settings, strategies
import pytest

from custom_components.wattics.delivery.backoff import REFUSED_WAITS, antithetic, server_wait, stream_wait

HOUR = 3600.0


class _Drawn(Random):
    """Chance that somebody else decides, and then always takes the middle."""

    def __init__(self, fractions: Sequence[float]) -> None:
        """Take fractions from 0 to 1."""
        super().__init__()
        self._fractions = chain(fractions, repeat(0.5))

    @override
    def random(self) -> float:
        return next(self._fractions)


def test_server_waits_double_to_five_minutes() -> None:
    waits = [server_wait(failures, 1.0) for failures in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_stream_waits_double_to_an_hour() -> None:
    assert [stream_wait(failures) for failures in range(1, 9)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert stream_wait(10**9) == 3600


def test_a_refused_packet_is_tried_three_times() -> None:
    assert REFUSED_WAITS == (10, 60)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [(None, 2), (0, 2), (1.5, 2), (5, 5), (3600, 3600), (3601, 3600), (float("inf"), 3600)],
)
def test_the_servers_wish_is_obeyed_up_to_an_hour(retry_after: float | None, wait: float) -> None:
    assert server_wait(3, 0.5, retry_after) == wait


@settings(deadline=None)
@given(strategies.integers(1, 10**6), strategies.floats(0, 1))
def test_jitter_is_full(failures: int, fraction: float) -> None:
    assert server_wait(failures, fraction) == fraction * server_wait(failures, 1.0)


@settings(deadline=None)
@given(strategies.integers())
def test_fractions_come_in_pairs(seed: int) -> None:
    fractions = list(islice(antithetic(Random(seed)), 10))  # noqa: S311
    assert all(0 <= fraction <= 1 for fraction in fractions)
    for first, second in zip(fractions[::2], fractions[1::2], strict=True):
        assert first + second == pytest.approx(1)
    assert len(set(fractions)) == len(fractions)


@pytest.mark.parametrize("earlier", range(4))
def test_installations_that_failed_together_do_not_come_back_together(earlier: int) -> None:
    """Each fraction for itself is evenly distributed, the first of a pair and the second."""
    seconds: Counter[int] = Counter()
    for seed in range(16_000):
        fraction = next(islice(antithetic(Random(seed)), earlier, None))  # noqa: S311
        seconds[int(server_wait(5, fraction))] += 1
    assert len(seconds) == 16
    assert max(seconds.values()) < 1200


def _tries_in_an_hour(drawn: Sequence[float], failures: int, within_a_pair: bool) -> int:
    """Return how often a server is tried that stays away, the first time after `failures` - 1 failures.

    `within_a_pair`: the outage before drew the first of a pair.
    """
    fractions = antithetic(_Drawn(drawn))
    if within_a_pair:
        next(fractions)
    elapsed, tries = 0.0, 0
    while elapsed <= HOUR:
        tries += 1
        elapsed += server_wait(failures, next(fractions))
        failures += 1
    return tries


@settings(deadline=None)
@given(strategies.lists(strategies.floats(0, 1), max_size=60), strategies.integers(1, 40), strategies.booleans())
def test_chance_has_a_server_tried_33_times_in_an_hour_at_most(
    drawn: list[float], failures: int, within_a_pair: bool
) -> None:
    assert _tries_in_an_hour(drawn, failures, within_a_pair) <= 33


def test_the_worst_chance() -> None:
    assert _tries_in_an_hour([1.0] * 16 + [0.0], 1, within_a_pair=True) == 33
