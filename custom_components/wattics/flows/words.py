"""Texts that are put together here, in the language of Home Assistant, as no single text can say them."""

from collections.abc import Iterable
import re
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


def verbatim(text: str) -> str:
    """Return one line as code: letter by letter, and folded where it is too long, which a block of code is not."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def listed(lines: Iterable[str]) -> str:
    """Return lines as a list."""
    return "\n".join(f"- {line}" for line in lines)


def warning(text: str) -> str:
    """Return a text as the frontend shows warnings; it is still Markdown, for the blank lines around it."""
    return f'<ha-alert alert-type="warning">\n\n{text}\n\n</ha-alert>'
