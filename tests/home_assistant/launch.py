"""Starts Home Assistant as its command `hass` does, without the integrations that we leave out."""

from functools import cache
from importlib import import_module
import sys
from types import ModuleType

from homeassistant import __main__, bootstrap
from homeassistant.helpers import service

# Voice, pictures and remote controls need libraries that are compiled or are no Python packages (ffmpeg,
# libturbojpeg). Without them Home Assistant starts with errors, so they are not loaded at all.
LEFT_OUT = frozenset(
    {
        "ai_task",
        "assist_satellite",
        "camera",
        "conversation",
        "image_processing",
        "infrared",
        "radio_frequency",
        "tts",
    }
)

# What actions may name in the filters of their targets: the frontend loads only if all of these can be imported.
TARGETS = (
    "alarm_control_panel",
    "calendar",
    "climate",
    "cover",
    "fan",
    "humidifier",
    "light",
    "lock",
    "media_player",
    "notify",
    "remote",
    "siren",
    "todo",
    "update",
    "vacuum",
    "water_heater",
)


@cache
def target_components() -> dict[str, ModuleType]:
    """Return the integrations that actions may name, without those that we leave out."""
    return {name: import_module(f"homeassistant.components.{name}") for name in TARGETS}


if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(LEFT_OUT)
    service._base_components = target_components
    sys.exit(__main__.main())
