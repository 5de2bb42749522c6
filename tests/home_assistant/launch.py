"""Starts Home Assistant as its command `hass` does, without the integrations that we leave out."""

import sys

from homeassistant import __main__, bootstrap

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

if __name__ == "__main__":
    bootstrap.DEFAULT_INTEGRATIONS.difference_update(LEFT_OUT)
    sys.exit(__main__.main())
