"""Home Assistant's recorder becomes packets: what sampling would have made, had it been there."""
