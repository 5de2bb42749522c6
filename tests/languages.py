"""What a translation must have in common with the English text, and what it must not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
import re
import string

SAME_WORDS: Mapping[str, frozenset[str]] = {
    "de": frozenset({"Name", "Parameter", "Problem", "Status", "Stream", "Streams"}),
    "es": frozenset({"Factor", "Solar"}),
    "fr": frozenset({"Production"}),
    "it": frozenset({"Account", "File", "Password"}),
    "nl": frozenset(
        {"Account", "Factor", "Interval", "Meters", "Parameter", "Status", "Stream", "Streams", "Water"}
    ),
    "pt": frozenset({"Solar"}),
}
"""Words that are the same in English and in another language. Add one where a text has to be equal for it."""

NAMES = frozenset({"Home", "Assistant", "Wattics"})
SHORTEST_WORD = 4
"""Shorter ones (OK, gas) are the same in many languages."""
TYPICAL_ENGLISH = frozenset({"and", "are", "from", "that", "the", "this", "which", "with", "your"})
"""Words that no other language has."""

_PLACEHOLDER = re.compile(r"\{\w+\}")
_WORD = re.compile(r"[^\W\d_]+")
_FIGURE = re.compile(r"\d+")
_GROUPS = re.compile(r"(?<=\d)[.,'\s](?=\d{3}\b)")
_CODE = re.compile(r"`[^`]*`|(?<!\w)\.[a-z]\w*(?:/\w+)*|\b[a-z]\w*(?:[_.][a-zA-Z0-9]\w*)+")
"""What is code and no language: `aP_1`, wattics.retry_rejected, .storage/wattics."""
_QUOTED_BRACE = re.compile(r"'[{}]")


def find_faults(english: str, other: str, language: str) -> Iterator[str]:
    """Yield what is wrong with the translation of a text."""
    if other != other.strip() or not other or "  " in other.replace("\n", ""):
        yield "blanks at an end, two of them, or nothing"
    if _names(other) != _names(english):
        yield "other placeholders"
    if _QUOTED_BRACE.search(other) or "<" in other:
        yield "an apostrophe before a brace, or an angle bracket: the frontend takes them for its own"
    if _layout(other) != _layout(english):
        yield "other paragraphs, lists or emphasis"
    if _code(other) != _code(english):
        yield "other names of actions, parameters or files"
    if _figures(other) != _figures(english):
        yield "other figures"
    if (other[-1:] in ".!?") is not (english[-1:] in ".!?"):
        yield "a sentence that is a label, or the other way round"
    if language != "en" and _is_copied(english, other, language):
        yield "the English text"
    if language != "en" and (words := TYPICAL_ENGLISH & set(_words(other.lower()))):
        yield f"English words: {', '.join(sorted(words))}"


def _names(text: str) -> frozenset[tuple[str, str, str]]:
    """Return the placeholders, with what Python would do to them: the frontend does nothing of that kind."""
    parts = string.Formatter().parse(text)
    return frozenset(
        (name, conversion or "", specification or "")
        for _, name, specification, conversion in parts
        if name is not None
    )


def _layout(text: str) -> tuple[int, ...]:
    return text.count("\n"), text.count("**"), len(re.findall(r"^- ", text, re.MULTILINE))


def _code(text: str) -> Counter[str]:
    return Counter(match.strip("`") for match in _CODE.findall(_PLACEHOLDER.sub(" ", text)))


def _figures(text: str) -> Counter[str]:
    return Counter(_FIGURE.findall(_GROUPS.sub("", _CODE.sub(" ", _PLACEHOLDER.sub(" ", text)))))


def _words(text: str) -> Iterable[str]:
    return _WORD.findall(_CODE.sub(" ", _PLACEHOLDER.sub(" ", text)))


def _is_copied(english: str, other: str, language: str) -> bool:
    known = NAMES | SAME_WORDS.get(language, frozenset())
    return english == other and any(len(word) >= SHORTEST_WORD and word not in known for word in _words(other))
