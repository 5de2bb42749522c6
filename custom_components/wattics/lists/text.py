"""From what the user pasted, uploaded or gave to an action to the rows in it."""

import codecs
from collections.abc import Sequence
from typing import Final

from .document import read_document
from .fields import MAX_CHARACTERS
from .nodes import ListError, Listing, Node, check_length
from .table import find_delimiter, read_table

MAX_BYTES: Final = 4 * MAX_CHARACTERS
"""No encoding of a text that is short enough takes more."""

_BYTE_ORDER_MARK: Final = "\N{BYTE ORDER MARK}"
_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FALLBACKS: Final = ("utf-8", "cp1252")
"""Without a mark: what everything writes, and what spreadsheets of Western Europe write."""


def decode(content: bytes) -> str:
    """Return the text of a file. Raises ListError if it is none."""
    marked = [encoding for mark, encoding in _ENCODINGS if content.startswith(mark)]
    for encoding in marked or _FALLBACKS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # No text has these, but files of spreadsheets do.
        if "\0" not in text:
            return text
    raise ListError("not_text")


def read_list(source: str | Sequence[object]) -> Listing:
    """Return the rows of a text, or of a list that came as data. Raises ListError if there is none.

    Takes a while for a long text: run it where it holds nothing up.
    """
    if isinstance(source, str):
        return _read_text(source.removeprefix(_BYTE_ORDER_MARK))
    check_length(source)
    return Listing([Node.from_data(row) for row in source])


def _read_text(text: str) -> Listing:
    if len(text) > MAX_CHARACTERS:
        raise ListError("too_long", most=str(MAX_CHARACTERS))
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ListError("not_text")
    if (table := find_delimiter(text)) is not None:
        return read_table(text, *table)
    return read_document(text)
