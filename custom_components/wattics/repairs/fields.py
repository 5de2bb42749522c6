"""Fields of the repairs' dialogs."""

from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode


def reading_field(unit: str | None) -> NumberSelector:
    """Return a field for the reading of a meter."""
    config = NumberSelectorConfig(min=0, step="any", mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)
