"""The fields of a row, in their order, and how they stand in the columns of a table."""

from typing import Final

from homeassistant.const import CONF_NAME, CONF_TYPE

from ..const import (
    CONF_DIRECTION,
    CONF_FACTOR,
    CONF_INTERVAL,
    CONF_MAXIMUM_AGE,
    CONF_MAXIMUM_RATE,
    CONF_METHOD,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_STREAM_ID,
    CONF_TIME_ZONE,
    CONF_UNIT,
)
from ..delivery.packet import PARAMETERS, VALUE

CONF_ENTITY: Final = "entity"
CONF_STREAMS: Final = "streams"
CONF_CSV: Final = "csv"

CODES: Final = (*PARAMETERS, VALUE)

FIELDS: Final = (
    CONF_TYPE,
    CONF_NAME,
    CONF_STREAM_ID,
    CONF_INTERVAL,
    CONF_PARAMETERS,
    CONF_READING,
    CONF_METHOD,
    CONF_MAXIMUM_AGE,
    CONF_TIME_ZONE,
    CONF_UNIT,
)
SOURCE_FIELDS: Final = (CONF_ENTITY, CONF_FACTOR, CONF_DIRECTION, CONF_MAXIMUM_RATE)

COLUMNS: Final = tuple(column for field in FIELDS for column in (CODES if field == CONF_PARAMETERS else (field,)))
"""The columns of a table: the fields, with a column for each parameter."""

MAX_ROWS: Final = 1000
MAX_CHARACTERS: Final = 1_000_000
"""Bounds of a list: more is refused before it is read."""
