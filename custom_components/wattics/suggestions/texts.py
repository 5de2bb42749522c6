"""What the entities of a device are called, without the words that only name the device."""

from collections.abc import Sequence
from dataclasses import dataclass
import re

from .entity import Entity
from .words import COUNTED, normalized


@dataclass(frozen=True, slots=True)
class Texts:
    """What an entity is called, in the form of `normalized`, the most reliable text first.

    `technical` are the unique id, the translation key and the name by the integration; `all` has people's own
    names too. Both are without the words that all entities of the device share. `unique_id` is whole.
    """

    technical: tuple[str, ...]
    all: tuple[str, ...]
    unique_id: str

    def say(self, *patterns: re.Pattern[str]) -> bool:
        """Whether the integration's texts have one of the words."""
        return any(pattern.search(text) for text in self.technical for pattern in patterns)


def texts_of(entities: Sequence[Entity]) -> list[Texts]:
    """Return the texts of each of a device's entities."""
    unique_ids = [normalized(entity.unique_id) for entity in entities]
    technical = (
        _own(unique_ids),
        [normalized(entity.translation_key or "") for entity in entities],
        _own([normalized(entity.original_name or "") for entity in entities]),
    )
    given = (
        _own([normalized(entity.name or "") for entity in entities]),
        _own([normalized(entity.entity_id.partition(".")[2]) for entity in entities]),
    )
    return [
        Texts(first, first + second, unique_id)
        for first, second, unique_id in zip(
            zip(*technical, strict=True), zip(*given, strict=True), unique_ids, strict=True
        )
    ]


def _own(texts: Sequence[str]) -> list[str]:
    """Return texts without the words that all of them begin with."""
    words = {text: text.strip("_").split("_") for text in texts if text != "_"}
    if len(words) <= 1:
        return list(texts)
    start = _shared(list(words.values()))
    if start and next(iter(words.values()))[start - 1] in COUNTED:
        start -= 1
    own = {text: each[start:] for text, each in words.items()}
    return [f"_{'_'.join(own[text])}_" if own.get(text) else "_" for text in texts]


def _shared(texts: Sequence[Sequence[str]]) -> int:
    """Return how many words all texts begin with."""
    shared = 0
    for words in zip(*texts, strict=False):
        if len(set(words)) > 1:
            break
        shared += 1
    return shared
