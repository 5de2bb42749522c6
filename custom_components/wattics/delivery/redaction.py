"""Secrets kept out of the words of a server, which may repeat what it was sent."""

from collections.abc import Iterable, Iterator
import json
from typing import Final
from urllib.parse import quote, quote_plus

_INSTEAD: Final = "**"


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
        return text


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield " ".join(secret.split())
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    # Written in one of the two usual encodings and read in the other.
    yield secret.encode().decode("latin-1")
    yield secret.encode("latin-1", errors="replace").decode(errors="replace")
