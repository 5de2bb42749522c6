"""The fix flow for sources that are gone: enable them again, choose others, or leave them out."""

from typing import Any, Final, override

from homeassistant.components.repairs import RepairsFlowResult

from ..const import CONF_PARAMETERS
from ..flows.words import Words, listed, literal
from ..source_watch import SourceTroubles
from .enabling import Disabled, async_enable, describe_disabled, find_disabled
from .replacements import without_sources
from .sources_fix_flow import Culprit, SourcesFixFlow

STEP_ENABLE: Final = "enable"
STEP_REPLACE: Final = "replace"
STEP_LEAVE_OUT: Final = "leave_out"
MENU: Final = (STEP_ENABLE, STEP_REPLACE, STEP_LEAVE_OUT)
"""What may be offered, in this order."""


class SourceMissingFlow(SourcesFixFlow):
    """Put a stream right whose sources are gone."""

    @override
    def find(self, troubles: SourceTroubles, words: Words) -> list[Culprit]:
        return [
            Culprit(
                source.code,
                source.source_id,
                words[source.absence].format(code=source.code, entity=self.name(source.source_id)),
            )
            for source in troubles.gone
        ]

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer what can be done."""
        culprits = await self.async_culprits()
        possible = {
            STEP_ENABLE: bool(await self._async_disabled()),
            STEP_REPLACE: True,
            STEP_LEAVE_OUT: bool((await self._async_rest())[CONF_PARAMETERS]),
        }
        menu = [step for step in MENU if possible[step]]
        if menu == [STEP_REPLACE]:
            return await self.async_step_replace()
        return self.async_show_menu(
            step_id="init",
            menu_options=menu,
            description_placeholders={
                "stream": self.subentry.title,
                "sources": listed(culprit.sentence for culprit in culprits),
            },
        )

    async def async_step_enable(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what will be enabled, and do it."""
        disabled = await self._async_disabled()
        if user_input is not None:
            for one in disabled:
                await async_enable(self.hass, one)
            return self.async_create_entry(data={})
        words = await self.async_texts()
        named = (describe_disabled(one) for one in disabled)
        changes = listed(words[sentence].format(name=literal(name)) for sentence, name in named)
        return self.ask(STEP_ENABLE, {"stream": self.subentry.title, "changes": changes})

    async def async_step_leave_out(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what will no longer be sent, and store the stream without it."""
        rest = await self._async_rest()
        if user_input is not None:
            return self.store(rest)
        culprits, words = await self.async_culprits(), await self.async_texts()
        lines = (
            words["left_out" if culprit.code not in rest[CONF_PARAMETERS] else "left_out_of_sum"].format(
                code=culprit.code, entity=self.name(culprit.source_id)
            )
            for culprit in culprits
        )
        return self.ask(STEP_LEAVE_OUT, {"stream": self.subentry.title, "changes": listed(lines)})

    async def _async_disabled(self) -> list[Disabled]:
        """Return what has to be enabled, each thing once."""
        found = [find_disabled(self.hass, culprit.source_id) for culprit in await self.async_culprits()]
        return list({describe_disabled(one): one for one in found if one is not None}.values())

    async def _async_rest(self) -> dict[str, Any]:
        """Return the stream without what is gone."""
        gone = [(culprit.code, culprit.source_id) for culprit in await self.async_culprits()]
        return without_sources(self.subentry.data, gone)
