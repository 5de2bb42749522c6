"""Names that stored data, flows and entities share."""

from typing import Final

DOMAIN: Final = "wattics"

SUBENTRY_ELECTRICITY: Final = "electricity"
SUBENTRY_SINGLE_VALUE: Final = "single_value"

CONF_ADJUST: Final = "adjust"
CONF_CONNECTIONS: Final = "connections"
CONF_DIRECTION: Final = "direction"
CONF_FACTOR: Final = "factor"
CONF_FINAL_READING: Final = "final_reading"
CONF_FIRST_READING: Final = "first_reading"
CONF_INTERVAL: Final = "interval"
CONF_KEEP_DAYS: Final = "keep_days"
CONF_MAX_MEGABYTES: Final = "max_megabytes"
CONF_MAXIMUM_AGE: Final = "maximum_age"
CONF_MAXIMUM_RATE: Final = "maximum_rate"
CONF_METHOD: Final = "method"
CONF_PARAMETERS: Final = "parameters"
CONF_READING: Final = "reading"
CONF_SOURCE: Final = "source"
CONF_STREAM_ID: Final = "stream_id"
CONF_TIME_ZONE: Final = "time_zone"
CONF_UNIT: Final = "unit"

DEFAULT_CONNECTIONS: Final = 4
DEFAULT_KEEP_DAYS: Final = 90
DEFAULT_MAX_MEGABYTES: Final = 1024

MEGABYTE: Final = 1_000_000
