"""Home Assistant's recorder becomes packets."""
