"""The translation files, and whether they say everything that a page of a flow needs."""

from collections.abc import Iterable, Mapping
import json
from pathlib import Path
import string
from typing import Any

from homeassistant.data_entry_flow import FlowResultType

from custom_components.wattics.const import CONF_UNIT
from custom_components.wattics.sampling.stream import AS_IS

TRANSLATIONS = Path(__file__).parents[2] / "custom_components" / "wattics" / "translations"

type Texts = dict[str, Any]


def languages() -> dict[str, Texts]:
    """Return the translation files by language."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(TRANSLATIONS.glob("*.json"))}


def flatten(texts: Texts) -> dict[str, str]:
    """Return the texts by their dotted path."""
    flat: dict[str, str] = {}
    for key, value in texts.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{path}": text for path, text in flatten(value).items()}
        else:
            flat[key] = value
    return flat


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def check_page(
    texts: Texts, part: str, page: Mapping[str, Any], fields: list[dict[str, Any]], known: Iterable[str] = ()
) -> None:
    """Check that `texts` describe a page of the flow at the dotted path `part`, with its serialized `fields`.

    They may name what the page gives, and what is `known` anyway.
    """
    flow = texts
    for key in part.split("."):
        flow = flow[key]
    given = {*known, *(page.get("description_placeholders") or {})}
    if page["type"] is FlowResultType.ABORT:
        _check(flow["abort"][page["reason"]], given)
    if page["type"] is FlowResultType.MENU:
        _check_menu(flow["step"][page["step_id"]], page["menu_options"], given)
    if page["type"] is FlowResultType.FORM:
        _check_form(texts, flow, page, fields, given)


def _check_menu(step: Texts, entries: list[str], given: set[str]) -> None:
    _check(step["title"], given)
    if "description" in step:
        _check(step["description"], given)
    for kind in ("menu_options", "menu_option_descriptions"):
        for entry in entries:
            _check(step[kind][entry], given)


def _check_form(
    texts: Texts, flow: Texts, page: Mapping[str, Any], fields: list[dict[str, Any]], given: set[str]
) -> None:
    step = flow["step"][page["step_id"]]
    for text in (step["title"], step["description"]):
        _check(text, given)
    for error in (page["errors"] or {}).values():
        _check(flow["error"][error], given)
    for field in fields:
        if field.get("type") != "expandable":
            _check_field(texts, step, field, given)
            continue
        section = step["sections"][field["name"]]
        for text in (section["name"], section["description"]):
            _check(text, given)
        for inner in field["schema"]:
            _check_field(texts, section, inner, given)


def _check_field(texts: Texts, where: Texts, field: dict[str, Any], given: set[str]) -> None:
    for kind in ("data", "data_description"):
        _check(where[kind][field["name"]], given)
    select = field["selector"].get("select") or {}
    if key := select.get("translation_key"):
        options = set(texts["selector"][key]["options"])
        # A unit is its own name in every language, so of units only "as is" has a text.
        assert options <= {*select["options"], AS_IS} if key == CONF_UNIT else options == set(select["options"])


def _check(text: str, given: set[str]) -> None:
    assert text
    assert placeholders(text) <= given, text
