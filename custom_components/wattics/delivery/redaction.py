"""Secrets kept out of the words of a server, which may repeat what it was sent."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from html import escape
import json
from typing import Final
from urllib.parse import quote, quote_plus

_INSTEAD: Final = "**"
_SHORTEST_PART: Final = 4
"""Of a secret that an answer ends in the middle of: fewer characters tell nothing."""


class Redaction:
    """Replaces secrets in texts, in every spelling that a server may have made of them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Empty secrets are none."""
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        # The longest first: a spelling may hold another one.
        self._spellings = sorted(spellings - {""}, key=len, reverse=True)

    def apply(self, text: str) -> str:
        """Return the text without the secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, _INSTEAD)
        return self._without_a_part_at_the_end(text)

    def _without_a_part_at_the_end(self, text: str) -> str:
        """Return the text without the beginning of a secret: only so much of an answer is read."""
        for spelling in self._spellings:
            for length in range(len(spelling) - 1, _SHORTEST_PART - 1, -1):
                if text.endswith(spelling[:length]):
                    return text[:-length] + _INSTEAD
        return text


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield " ".join(secret.split())
    yield escape(secret)
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    for encoding in ("utf-8", "latin-1"):
        encoded = secret.encode(encoding, errors="replace")
        for token in (b64encode(encoded).decode(), urlsafe_b64encode(encoded).decode()):
            yield token.rstrip("=")
            yield quote(token.rstrip("="), safe="")
    # Written in one of the two usual encodings and read in the other.
    yield secret.encode().decode("latin-1")
    yield secret.encode("latin-1", errors="replace").decode(errors="replace")
