"""The action for a meter that was replaced."""

from decimal import Decimal
import math
from typing import Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..const import CONF_FINAL_READING, CONF_FIRST_READING, CONF_STREAM_ID, DOMAIN
from ..delivery.errors import OutboxError
from ..flows.sources import label_source
from ..readings import Readings
from ..register_changes import UnknownRegister
from ..sampling.register import Register
from ..sampling.replacement import FinalTooLow, FirstTooHigh
from ..sampling.stream import Source, Stream
from ..sampling.values import rounded
from .action import Action, account_of, storage_unusable, stream_of

CONF_ENTITY: Final = "entity"
CONF_PARAMETER: Final = "parameter"


async def _async_set_register(call: ServiceCall) -> ServiceResponse:
    """Let a register go on with another meter; return what it was and is, with dial and offset."""
    account, stream, code = account_of(call), stream_of(call), call.data[CONF_PARAMETER]
    source = _source(call, stream, code)
    if (readings := Readings.of(call.hass, stream, code, source)) is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="reading_without_unit",
            translation_placeholders={"entity": label_source(call.hass, source.id)},
        )
    final = readings.figure(call.data[CONF_FINAL_READING])
    first = readings.figure(call.data[CONF_FIRST_READING])

    def replace(register: Register) -> dict[str, float | None]:
        before = register.value
        register.replace_meter(source.id, final, first, dt_util.utcnow().timestamp())
        return {
            "before": _number(before),
            "after": _number(register.value),
            "dial": _number(register.dials),
            "offset": _number(register.offset),
        }

    try:
        figures = await account.register_changes.async_change(stream, code, replace)
    except UnknownRegister, KeyError:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="register_unknown",
            translation_placeholders={"parameter": code, "stream": stream.name},
        ) from None
    except FinalTooLow as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="final_reading_too_low",
            translation_placeholders={"limit": readings.shown(error.limit)},
        ) from error
    except FirstTooHigh as error:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="first_reading_too_high",
            translation_placeholders={"limit": readings.shown(error.limit)},
        ) from error
    except OutboxError as error:
        raise storage_unusable(error) from error
    return {**figures, "unit": stream.unit_of(code)}


def _source(call: ServiceCall, stream: Stream, code: str) -> Source:
    """Return the source whose meter was replaced. Raises ServiceValidationError."""
    if code not in stream.parameters or not stream.is_register(code):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_register",
            translation_placeholders={"parameter": code, "stream": stream.name},
        )
    sources = stream.parameters[code]
    entities = ", ".join(label_source(call.hass, source.id) for source in sources)
    if (entity_id := call.data.get(CONF_ENTITY)) is None:
        if len(sources) > 1:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="entity_needed",
                translation_placeholders={"parameter": code, "entities": entities},
            )
        return sources[0]
    for source in sources:
        if _is_source(call.hass, source, entity_id):
            return source
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="no_such_source",
        translation_placeholders={"entity": entity_id, "parameter": code, "entities": entities},
    )


def _is_source(hass: HomeAssistant, source: Source, entity_id: str) -> bool:
    return er.async_resolve_entity_id(er.async_get(hass), source.id) == entity_id


def _number(figure: Decimal | None) -> float | None:
    return None if figure is None else rounded(figure)


def _reading(value: object) -> Decimal:
    """Return a reading of a meter. Raises vol.Invalid for what can't be one."""
    number: float = vol.Coerce(float)(value)
    if not math.isfinite(number) or number < 0:
        raise vol.Invalid("a reading is a number that is not negative")
    return Decimal(repr(number))


SET_REGISTER: Final = Action(
    name="set_register",
    run=_async_set_register,
    fields={
        vol.Required(CONF_STREAM_ID): cv.string,
        vol.Required(CONF_PARAMETER): cv.string,
        vol.Required(CONF_FINAL_READING): _reading,
        vol.Required(CONF_FIRST_READING): _reading,
        vol.Optional(CONF_ENTITY): cv.entity_id,
    },
)
