"""How often counters rise."""

import threading

from homeassistant.components.recorder import history
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.wattics.flows import rhythm


async def test_does_not_wait_long_for_the_recorder(
    recorder_mock: Recorder,  # noqa: ARG001
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert rhythm.HISTORY_SECONDS == 3
    monkeypatch.setattr(rhythm, "HISTORY_SECONDS", 0.01)
    end = threading.Event()
    monkeypatch.setattr(history, "state_changes_during_period", lambda *_, **__: end.wait(30))
    gaps = await rhythm.async_usual_gaps(hass, ["sensor.energy"], dt_util.utcnow())
    assert not end.is_set()
    end.set()
    assert gaps == {}
