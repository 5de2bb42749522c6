"""What the flows have in common that put other sources into a stream: choose, look, store."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.data_entry_flow import AbortFlow
import voluptuous as vol

from ..flows.sources import label_source
from ..flows.words import Words, async_words, listed, literal
from ..source_watch import SourceTroubles
from .replacements import (
    Replacement,
    async_replacement_schema,
    check_replacements,
    describe_replacement,
    with_replacements,
)
from .stream_fix_flow import StreamFixFlow

TEXTS: Final = "source_repair"
"""The selector of the translation files whose options are the sentences of these flows."""


class Culprit(NamedTuple):
    """A source that needs something to be done, and the sentence that says why."""

    code: str
    source_id: str
    sentence: str


class SourcesFixFlow(StreamFixFlow, ABC):
    """Replace sources of a stream, page by page: a page asks for one source of each parameter."""

    def __init__(self, issue_data: Mapping[str, str | int | float | None]) -> None:
        """Start with nothing chosen."""
        super().__init__(issue_data)
        self._chosen: list[Replacement] = []
        self._passed: set[tuple[str, str]] = set()

    @abstractmethod
    def find(self, troubles: SourceTroubles, words: Words) -> list[Culprit]:
        """Return the sources that the repair is about."""

    async def async_texts(self) -> Words:
        """Return the sentences of these flows."""
        return await async_words(self.hass, TEXTS)

    async def async_culprits(self) -> Sequence[Culprit]:
        """Return the sources that the repair is about. Ends the flow if there is none any more."""
        situation = self.account.situation(self.subentry.subentry_id)
        if culprits := self.find(situation.sources, await self.async_texts()):
            return culprits
        raise AbortFlow("solved")

    async def async_step_replace(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which entities take the place of the culprits."""
        culprits = await self.async_culprits()
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        page = self._page(culprits)
        if user_input is not None:
            errors, placeholders = self._check(user_input, page, culprits)
            if not errors and not (page := self._page(culprits)):
                return await self.async_step_confirm()
            user_input = user_input if errors else None
        schema = await async_replacement_schema(self.hass, page)
        return self.async_show_form(
            step_id="replace",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders={
                "stream": self.subentry.title,
                "sources": listed(culprit.sentence for culprit in page.values()),
                **{code: self.name(culprit.source_id) for code, culprit in page.items()},
                **placeholders,
            },
            last_step=False,
        )

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what will be changed; then store it."""
        stream = self.subentry.data
        if user_input is not None:
            return self.store(with_replacements(self.hass, stream, self._chosen))
        words = await self.async_texts()
        replaced = {(code, old) for code, old, _ in self._chosen}
        left = (one for one in await self.async_culprits() if (one.code, one.source_id) not in replaced)
        changes = [
            *(describe_replacement(self.hass, stream, one, words) for one in self._chosen),
            *(words["not_replaced"].format(code=one.code, entity=self.name(one.source_id)) for one in left),
        ]
        return self.ask("confirm", {"stream": self.subentry.title, "changes": listed(changes)})

    def name(self, source_id: str) -> str:
        """Return what a source is called in texts, which are Markdown."""
        return literal(label_source(self.hass, source_id))

    def ask(self, step: str, placeholders: Mapping[str, str]) -> RepairsFlowResult:
        """Show a last page, which has only to be confirmed."""
        return self.async_show_form(
            step_id=step, data_schema=vol.Schema({}), description_placeholders=placeholders, last_step=True
        )

    def store(self, stream: Mapping[str, Any]) -> RepairsFlowResult:
        """Store what the stream has become, and end."""
        self.hass.config_entries.async_update_subentry(self.entry, self.subentry, data=stream)
        return self.async_create_entry(data={})

    def _page(self, culprits: Iterable[Culprit]) -> dict[str, Culprit]:
        """Return the culprits that are to be asked for next, by their codes."""
        page: dict[str, Culprit] = {}
        for culprit in culprits:
            if (culprit.code, culprit.source_id) not in self._passed:
                page.setdefault(culprit.code, culprit)
        return page

    def _check(
        self, user_input: Mapping[str, str], page: Mapping[str, Culprit], culprits: Sequence[Culprit]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Take what was chosen, or return what is wrong with it: errors by field, and what their texts name."""
        chosen = [
            *self._chosen,
            *(Replacement(code, page[code].source_id, entity) for code, entity in user_input.items()),
        ]
        passed = self._passed | {(culprit.code, culprit.source_id) for culprit in page.values()}
        troubled = {(culprit.code, culprit.source_id) for culprit in culprits}
        if not chosen and passed >= troubled:
            return {"base": "nothing_chosen"}, {}
        errors, placeholders = check_replacements(self.hass, self.subentry.data, chosen, troubled)
        if not errors:
            self._chosen, self._passed = chosen, passed
        return errors, placeholders
