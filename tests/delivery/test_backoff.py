"""How long is waited after each kind of answer."""

from collections import Counter
from random import Random

from hypothesis import given, settings, strategies
import pytest

from custom_components.wattics.delivery.backoff import REFUSED_WAITS, server_wait, stream_wait

from .clocks import Longest


def test_server_waits_double_to_five_minutes() -> None:
    waits = [server_wait(failures, Longest()) for failures in range(1, 12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_stream_waits_double_to_an_hour() -> None:
    assert [stream_wait(failures) for failures in range(1, 9)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert stream_wait(10**9) == 3600


def test_a_refused_packet_is_tried_three_times() -> None:
    assert REFUSED_WAITS == (10, 60)


@pytest.mark.parametrize(
    ("retry_after", "wait"),
    [(None, 4), (0, 4), (3.5, 4), (5, 5), (3600, 3600), (3601, 3600), (float("inf"), 3600)],
)
def test_the_servers_wish_is_obeyed_up_to_an_hour(retry_after: float | None, wait: float) -> None:
    assert server_wait(3, Longest(), retry_after) == wait


@settings(deadline=None)
@given(strategies.integers(1, 10**6), strategies.integers())
def test_jitter_is_full(failures: int, seed: int) -> None:
    longest = server_wait(failures, Longest())
    assert 0 <= server_wait(failures, Random(seed)) <= longest  # noqa: S311


def test_installations_that_failed_together_do_not_come_back_together() -> None:
    random = Random(1)  # noqa: S311
    seconds = Counter(int(server_wait(5, random)) for _ in range(16_000))
    assert len(seconds) == 16
    assert max(seconds.values()) < 1200


def test_a_server_that_is_down_for_an_hour_is_asked_45_times_at_most() -> None:
    for seed in range(300):
        random = Random(seed)  # noqa: S311
        elapsed, tries = 0.0, 0
        while elapsed < 3600:
            tries += 1
            elapsed += server_wait(tries, random)
        assert tries <= 45
