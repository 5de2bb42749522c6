"""The flows behind `config_flow`: options, streams, and what they ask, check and show."""
