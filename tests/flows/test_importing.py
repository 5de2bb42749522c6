"""The import of a list in the options."""

from collections.abc import Callable
from pathlib import Path
import tempfile
from typing import Any

from homeassistant.components.file_upload import DOMAIN as FILE_UPLOAD, FileUploadData
from homeassistant.core import HomeAssistant
from homeassistant.util.ulid import ulid_hex
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .dialog import Dialog
from .meters import add_stream, meter

HEAD = "name,stream_id,interval,aP_1\n"
POWER = {"parameters": {"aP_1": [{"source": "sensor.power"}]}}

type Upload = Callable[[bytes], str]


@pytest.fixture(autouse=True)
def _power(hass: HomeAssistant) -> None:
    meter(hass, "power", "1", "W")


@pytest.fixture
async def upload(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upload:
    """Return what stores a file as Home Assistant's upload does, and returns its id."""
    # All Home Assistants of a machine have one folder for this, and wipe it when they end.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    uploads = hass.data[FILE_UPLOAD] = await FileUploadData.create(hass)

    def store(content: bytes) -> str:
        file_id = ulid_hex()
        uploads.files[file_id] = "list.csv"
        uploads.file_dir(file_id).mkdir()
        uploads.file_path(file_id).write_bytes(content)
        return file_id

    return store


async def _import(hass: HomeAssistant, account: MockConfigEntry) -> Dialog:
    dialog = await Dialog.options(hass, account)
    return await dialog.choose("import")


def _ids(account: MockConfigEntry) -> list[str | None]:
    return [subentry.unique_id for subentry in account.subentries.values()]


async def test_shows_what_it_will_do_and_does_it(hass: HomeAssistant, account: MockConfigEntry) -> None:
    add_stream(hass, account, "electricity", {**POWER, "stream_id": "changes", "name": "Changes"})
    add_stream(hass, account, "electricity", {**POWER, "stream_id": "stays"})
    add_stream(hass, account, "electricity", {**POWER, "stream_id": "other"})
    hass.config_entries.async_update_entry(account, options={"keep_days": 5})
    dialog = await _import(hass, account)
    await dialog.submit(
        text=HEAD
        + "Ne_w,new,60,sensor.power*2\nChanges,changes,60,sensor.power{import}\nMain,stays,300,sensor.power\n"
    )
    assert dialog.step == "review"
    assert dialog.texts["review"].split("\n\n") == [
        "**To be created: 1**",
        "- Ne\\_w (new), electricity, every 60 s: aP\\_1: sensor.power\\*2",
        "**To be changed: 1**",
        "- Changes (changes): interval: 300 → 60; aP\\_1: sensor.power → sensor.power\\{import\\}",
        "**Already as the list says: 1**",
        "**Not in the list, and left alone: 1**",
    ]
    assert _ids(account) == ["changes", "stays", "other"]
    page = await dialog.submit()
    assert page["reason"] == "imported"
    assert dialog.texts == {"created": "1", "changed": "1", "unchanged": "1"}
    assert _ids(account) == ["changes", "stays", "other", "new"]
    assert account.options == {"keep_days": 5}


async def test_shows_the_streams_that_are_there(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """In cells that a spreadsheet takes, and that can come back as they are."""
    assert (await _import(hass, account)).shown == {"text": ""}
    add_stream(hass, account, "electricity", {**POWER, "interval": 60})
    dialog = await _import(hass, account)
    head, row = dialog.shown["text"].splitlines()
    assert head.split("\t")[:5] == ["type", "name", "stream_id", "interval", "aP_1"]
    assert row.split("\t")[:5] == ["electricity", "Main", "main", "60", "sensor.power"]
    assert (await dialog.submit())["reason"] == "nothing_to_import"


async def test_says_what_is_wrong_and_keeps_the_text(hass: HomeAssistant, account: MockConfigEntry) -> None:
    dialog = await _import(hass, account)
    assert dialog.texts["problems"] == ""
    text = HEAD + "a,a,7,sensor.power\n*b*,b,60,sensor.b\n"
    await dialog.submit(text=text)
    assert (dialog.step, dialog.errors) == ("import", {"base": "invalid_list"})
    heading, _, first, second = dialog.texts["problems"].splitlines()
    assert heading == "**What is wrong: 2**"
    assert first.startswith("- Line 2, interval: Choose an interval")
    assert second.startswith("- Line 3, aP\\_1: These don't exist or their state is not a number: sensor.b ")
    assert dialog.shown == {"text": text}
    await dialog.submit(text=text.replace("a,7", "a,60").replace("sensor.b", "sensor.power"))
    assert dialog.step == "review"
    assert _ids(account) == []


async def test_says_that_there_is_no_list(hass: HomeAssistant, account: MockConfigEntry) -> None:
    dialog = await _import(hass, account)
    for text in (None, " \n"):
        await dialog.submit(text=text)
        assert dialog.errors == {"base": "no_list"}


async def test_ends_when_there_is_nothing_to_do(hass: HomeAssistant, account: MockConfigEntry) -> None:
    add_stream(hass, account, "electricity", POWER)
    dialog = await _import(hass, account)
    page = await dialog.submit(text=HEAD + "Main,main,300,sensor.power\n")
    assert (page["reason"], dialog.texts) == ("nothing_to_import", {"unchanged": "1"})


async def test_takes_a_file_in_place_of_the_text(
    hass: HomeAssistant, account: MockConfigEntry, upload: Upload
) -> None:
    dialog = await _import(hass, account)
    content = HEAD + "é,a,7,sensor.power\n"
    await dialog.submit(text="something else", file=upload(content.encode("cp1252")))
    assert dialog.errors == {"base": "invalid_list"}
    # To be put right where it is.
    assert dialog.shown == {"text": content}
    await dialog.submit(text=content.replace("a,7", "a,60"))
    await dialog.submit()
    assert _ids(account) == ["a"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        pytest.param(b"PK\x03\x04\0", "not_text", id="not_text"),
        pytest.param(b"a" * 4_000_001, "file_too_large", id="file_too_large"),
        pytest.param(None, "no_file", id="no_file"),
    ],
)
async def test_says_what_is_wrong_with_a_file(
    hass: HomeAssistant, account: MockConfigEntry, upload: Upload, content: bytes | None, error: str
) -> None:
    dialog = await _import(hass, account)
    file_id = ulid_hex() if content is None else upload(content)
    await dialog.submit(file=file_id)
    assert dialog.errors == {"file": error}
    assert hass.data[FILE_UPLOAD].files == {}


async def test_looks_again_when_the_streams_changed_meanwhile(
    hass: HomeAssistant, account: MockConfigEntry
) -> None:
    dialog = await _import(hass, account)
    await dialog.submit(text=HEAD + "A,a,60,sensor.power\nB,b,60,sensor.power\n")
    elsewhere: dict[str, Any] = {**POWER, "stream_id": "a", "name": "A", "interval": 60}
    add_stream(hass, account, "electricity", elsewhere)
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("review", {"base": "streams_changed"})
    assert dialog.texts["review"].startswith("**To be created: 1**\n\n- B ")
    page = await dialog.submit()
    assert page["reason"] == "imported"
    assert _ids(account) == ["a", "b"]
