"""Every text is there in every language, says the same as in English, and is no English text that was left over.

That English, and every other language, has a text for all that the code shows is tested in `test_translations` and
in `flows/test_texts`; in the tests of flows each page that is shown is looked up in all of them.
"""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.wattics.const import DOMAIN

from .flows.texts import TRANSLATIONS, flatten, languages
from .languages import SAME_WORDS, find_faults

LANGUAGES = languages()
ENGLISH = flatten(LANGUAGES["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_or_left_over(language: str) -> None:
    assert list(flatten(LANGUAGES[language])) == list(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_say_the_same(language: str) -> None:
    texts = flatten(LANGUAGES[language])
    faults = {path: list(find_faults(ENGLISH[path], text, language)) for path, text in texts.items()}
    assert {path: found for path, found in faults.items() if found} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_plain_to_read(language: str) -> None:
    """Characters stand for themselves, and a line holds one text: changes are easily reviewed."""
    text = (TRANSLATIONS / f"{language}.json").read_text("utf-8")
    assert "\\u" not in text
    assert text.endswith("}\n")
    assert all(line.count('": ') == 1 for line in text.splitlines() if line.strip(" {},"))


def test_no_word_is_listed_in_vain() -> None:
    for language, words in SAME_WORDS.items():
        if language in LANGUAGES:
            used = " ".join(text for path, text in flatten(LANGUAGES[language]).items() if text == ENGLISH[path])
            assert {word for word in words if word not in used} == set(), language


@pytest.mark.parametrize("language", LANGUAGES)
async def test_home_assistant_takes_all_of_them(
    hass: HomeAssistant, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    for category, texts in LANGUAGES[language].items():
        loaded = await async_get_translations(hass, language, category, {DOMAIN})
        prefix = f"component.{DOMAIN}.{category}."
        assert {path.removeprefix(prefix): text for path, text in loaded.items()} == flatten(texts)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# The rules themselves: each of these translations breaks one.


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Choose {entity}.", "Wähle {entität}."),
        ("Choose {entity}.", "Wähle eine Entität."),
        ("Choose {entity}.", "Wähle {entity!r}."),
        ("Choose {entity}.", " Wähle {entity}."),
        ("Choose {entity}.", "Wähle  {entity}."),
        ("Choose {entity}.", "Choisissez l'{entity}."),
        ("Choose {entity}.", "Wähle <{entity}>."),
        ("One.\n\nTwo.", "Eins. Zwei."),
        ("**One** thing.", "Ein Ding."),
        ("- One thing.", "Ein Ding."),
        ("Use wattics.retry_rejected.", "Benutze wattics.wiederholen."),
        ("Phase 1 (aP_1)", "Phase 1 (aP)"),
        ("In .storage/wattics.", "In .storage."),
        ("After 10 minutes.", "Nach Minuten."),
        ("Up to 10,000 of them.", "Bis zu 1.000 davon."),
        ("It goes on.", "Es geht weiter"),
        ("Connections", "Verbindungen."),
        ("Connections", "Connections"),
        ("Try again.", "Versuche this noch einmal."),
    ],
)
def test_a_fault_is_found(english: str, other: str) -> None:
    assert len(list(find_faults(english, other, "de"))) == 1


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("{name}: 10,000 packets of {account}.", "{account}: 10.000 Pakete von {name}."),
        ("OK", "OK"),
        ("Status", "Status"),
        ("{stream_id} ({status})", "{stream_id} ({status})"),
        ("Home Assistant", "Home Assistant"),
        ("Is it wattics.retry_rejected?", "Ist es wattics.retry_rejected?"),
    ],
)
def test_a_good_translation_has_none(english: str, other: str) -> None:
    assert list(find_faults(english, other, "de")) == []
