"""A clock that jumps is not trusted with what can't be taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.wattics.steadiness import Steadiness

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = 3600.0


def test_is_trusted_an_hour_after_the_start() -> None:
    clock = Steadiness(START, 0.0)
    assert not clock.is_steady(START + timedelta(minutes=59), HOUR - 60)
    assert clock.is_steady(START + timedelta(minutes=60), HOUR)


@pytest.mark.parametrize("jump", [timedelta(days=3650), timedelta(hours=-2), timedelta(hours=2)])
def test_is_not_trusted_for_a_day_after_a_jump(jump: timedelta) -> None:
    clock = Steadiness(START, 0.0)
    assert clock.is_steady(START + timedelta(hours=10), 10 * HOUR)
    after = START + timedelta(hours=11) + jump
    assert not clock.is_steady(after, 11 * HOUR)
    assert not clock.is_steady(after + timedelta(hours=23), 34 * HOUR)
    assert clock.is_steady(after + timedelta(hours=24), 35 * HOUR)


def test_is_trusted_through_small_corrections() -> None:
    clock = Steadiness(START, 0.0)
    assert clock.is_steady(START + timedelta(hours=10, minutes=50), 10 * HOUR)
    assert clock.is_steady(START + timedelta(hours=11), 11 * HOUR)
