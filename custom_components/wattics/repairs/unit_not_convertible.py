"""The fix flow for sources whose unit does not fit: choose others, or accept the new one of what goes as it is."""

from typing import Any, Final, override

from homeassistant.components.repairs import RepairsFlowResult

from ..const import CONF_PARAMETERS, CONF_SOURCE, CONF_UNIT
from ..flows.sources import NO_UNIT, with_first_units
from ..flows.words import Words, listed
from ..sampling.reader import SourceProblem
from ..sampling.stream import AS_IS, Stream
from ..source_watch import SourceTroubles
from .sources_fix_flow import Culprit, SourcesFixFlow

STEP_ACCEPT: Final = "accept"
MENU: Final = (STEP_ACCEPT, "replace")


class UnitNotConvertibleFlow(SourcesFixFlow):
    """Put a stream right whose sources have other units than they should."""

    @override
    def find(self, troubles: SourceTroubles, words: Words) -> list[Culprit]:
        stream = self.account.streams[self.subentry.subentry_id]
        return [
            Culprit(misfit.code, misfit.source_id, self._sentence(stream, misfit, words))
            for misfit in troubles.misfits
        ]

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer what can be done."""
        culprits = await self.async_culprits()
        if self.subentry.data.get(CONF_UNIT) != AS_IS:
            return await self.async_step_replace()
        return self.async_show_menu(
            step_id="init",
            menu_options=list(MENU),
            description_placeholders={
                "stream": self.subentry.title,
                "sources": listed(culprit.sentence for culprit in culprits),
            },
        )

    async def async_step_accept(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what the new units are, and store them."""
        culprits = await self.async_culprits()
        if user_input is not None:
            return self.store(self._with_new_units({culprit.source_id for culprit in culprits}))
        changes = listed(culprit.sentence for culprit in culprits)
        return self.ask(STEP_ACCEPT, {"stream": self.subentry.title, "changes": changes})

    def _with_new_units(self, source_ids: set[str]) -> dict[str, Any]:
        """Return the stream with the units that these sources have now."""
        stream = self.subentry.data
        parameters = {
            code: [
                with_first_units(self.hass, [source], AS_IS)[0] if source[CONF_SOURCE] in source_ids else source
                for source in sources
            ]
            for code, sources in stream[CONF_PARAMETERS].items()
        }
        return {**stream, CONF_PARAMETERS: parameters}

    def _sentence(self, stream: Stream, misfit: SourceProblem, words: Words) -> str:
        wanted = stream.unit_of(misfit.code)
        if wanted is None:
            sentence, wanted = "unit_changed", _first_unit(stream, misfit)
        else:
            sentence = "wrong_unit" if misfit.unit else "no_unit"
        return words[sentence].format(
            code=misfit.code,
            entity=self.name(misfit.source_id),
            unit=misfit.unit or NO_UNIT,
            wanted=wanted,
        )


def _first_unit(stream: Stream, misfit: SourceProblem) -> str:
    sources = (source for source in stream.parameters[misfit.code] if source.id == misfit.source_id)
    return next((source.first_unit for source in sources if source.first_unit), NO_UNIT)
