"""Texts that are put together here, in the language of Home Assistant, as no single text can say them."""

from collections.abc import Iterable
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import DOMAIN

type Words = dict[str, str]

_MARKDOWN: Final = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~"})


async def async_words(hass: HomeAssistant, selector: str) -> Words:
    """Return the texts that the translation files have as options of a selector, by their keys."""
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    prefix = f"component.{DOMAIN}.selector.{selector}.options."
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


def literal(text: str) -> str:
    """Return a text of the user's for Markdown to show as it is."""
    return " ".join(text.split()).translate(_MARKDOWN)


def listed(lines: Iterable[str]) -> str:
    """Return lines as a list of Markdown."""
    return "\n".join(f"- {line}" for line in lines)
