"""Every name, state, error and repair has its text, and no text is left over; flows have a test of their own."""

import ast
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.helpers.entity import EntityDescription
import pytest

from custom_components.wattics import binary_sensor, button, sensor, services, status
from custom_components.wattics.issues import STREAM_ISSUES
from custom_components.wattics.repairs import FIX_FLOWS
from custom_components.wattics.status import Status
from custom_components.wattics.told import TOLD

INTEGRATION = Path(status.__file__).parent
LANGUAGES = sorted((INTEGRATION / "translations").glob("*.json"))
ICONS = json.loads((INTEGRATION / "icons.json").read_text("utf-8"))
ATTRIBUTES = {
    "rejected": {"instant", "reason", "rejected_at", "response_status"},
    "last_packet": {"gaps", "processed", "values"},
    "status": {"missing"},
}
DESCRIPTIONS: Mapping[str, tuple[EntityDescription, ...]] = {
    "binary_sensor": (binary_sensor.CONNECTED, binary_sensor.PROBLEM),
    "button": (button.RETRY, button.VERIFY),
    "sensor": (
        *sensor.ACCOUNT_SENSORS,
        *sensor.STREAM_SENSORS,
        sensor.STATUS,
        sensor.LAST_PACKET,
        sensor.REJECTED,
        sensor.COMPLETENESS,
    ),
}
COUNTS = {"queued", "pushed", "dropped", "rejected"}
ACCOUNT_REPAIRS = {"packets_dropped", "register_joined", "storage_damaged", "storage_full"}
ACCOUNT_PLACEHOLDERS = {"account", "count", "elsewhere", "error", "file", "registers"}
STREAM_PLACEHOLDERS = {"account", "stream", "stream_id", "rejected", "status", "reason"}


@pytest.fixture(params=LANGUAGES, ids=lambda path: path.stem)
def texts(request: pytest.FixtureRequest) -> dict[str, Any]:
    path: Path = request.param
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def _code() -> Iterator[ast.AST]:
    for path in INTEGRATION.rglob("*.py"):
        yield from ast.walk(ast.parse(path.read_text("utf-8")))


def _raised() -> dict[str, set[str]]:
    """Return the translation keys of the exceptions in the code, each with its placeholders."""
    found: dict[str, set[str]] = {}
    for node in _code():
        if not isinstance(node, ast.Call):
            continue
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        key = keywords.get("translation_key")
        if "translation_domain" in keywords and isinstance(key, ast.Constant):
            placeholders = keywords.get("translation_placeholders")
            names = placeholders.keys if isinstance(placeholders, ast.Dict) else []
            found[str(key.value)] = {str(name.value) for name in names if isinstance(name, ast.Constant)}
    return found


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def _leaves(texts: object) -> Iterator[str]:
    if isinstance(texts, dict):
        for one in texts.values():
            yield from _leaves(one)
    else:
        yield str(texts)


def test_there_is_english() -> None:
    assert "en" in {path.stem for path in LANGUAGES}


@pytest.mark.parametrize("platform", DESCRIPTIONS)
def test_entities_have_their_texts(texts: dict[str, Any], platform: str) -> None:
    entities = texts["entity"][platform]
    keys = {description.translation_key for description in DESCRIPTIONS[platform]}
    assert set(entities) == keys
    for description in DESCRIPTIONS[platform]:
        assert description.translation_key == description.key
        entity = dict(entities[description.key])
        assert entity.pop("name")
        if description.key in COUNTS:
            assert entity.pop("unit_of_measurement")
        attributes = {key: text["name"] for key, text in entity.pop("state_attributes", {}).items()}
        assert set(attributes) == ATTRIBUTES.get(description.key, set())
        if description.key == "status":
            assert set(entity.pop("state")) == set(Status)
        assert entity == {}


def test_no_platform_is_left_over(texts: dict[str, Any]) -> None:
    assert set(texts["entity"]) == set(DESCRIPTIONS)


def test_icons_are_of_entities_that_exist() -> None:
    for platform, icons in ICONS["entity"].items():
        keys = {description.key for description in DESCRIPTIONS[platform]}
        assert set(icons) <= keys
        for description in DESCRIPTIONS[platform]:
            if not getattr(description, "device_class", None) or platform == "button":
                assert description.key in icons
    for icon in _leaves(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon)
    assert set(ICONS["entity"]["sensor"]["status"]["state"]) <= set(Status)


def test_exceptions_have_their_texts(texts: dict[str, Any]) -> None:
    raised = _raised()
    assert set(texts["exceptions"]) == set(raised)
    for key, placeholders in raised.items():
        assert _placeholders(texts["exceptions"][key]["message"]) == placeholders, key


def test_repairs_have_their_texts(texts: dict[str, Any]) -> None:
    issues = texts["issues"]
    of_streams = {issue.key for issue in STREAM_ISSUES}
    assert {issue.key for issue in STREAM_ISSUES if issue.is_fixable} == set(FIX_FLOWS)
    assert set(issues) == of_streams | ACCOUNT_REPAIRS
    for key, issue in issues.items():
        allowed = STREAM_PLACEHOLDERS if key in of_streams else ACCOUNT_PLACEHOLDERS
        if key in TOLD:
            assert set(issue["fix_flow"]["step"]["confirm"]) == {"title", "description"}
        else:
            # What is in the dialogs of the other fix flows is checked where they are walked.
            assert set(issue) == {"title", "fix_flow" if key in FIX_FLOWS else "description"}
        for text in _leaves(issue if key not in FIX_FLOWS else issue["title"]):
            assert _placeholders(text) <= allowed, key


def test_actions_have_their_texts_and_icons(texts: dict[str, Any]) -> None:
    described = (INTEGRATION / "services.yaml").read_text("utf-8")
    names = {action.name for action in services.ACTIONS}
    assert set(re.findall(r"^(\w+):", described, re.MULTILINE)) == names
    assert set(texts["services"]) == set(ICONS["services"]) == names
    for action in services.ACTIONS:
        text = texts["services"][action.name]
        assert set(text["fields"]) == {str(key) for key in action.schema.schema}
        for field in (text, *text["fields"].values()):
            assert field["name"]
            assert field["description"]


def test_no_section_of_texts_is_left_over(texts: dict[str, Any]) -> None:
    flows = {"config", "config_subentries", "options", "selector"}
    assert set(texts) == flows | {"entity", "exceptions", "issues", "services"}
