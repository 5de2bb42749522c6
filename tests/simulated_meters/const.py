"""Names of the simulated meters."""

DOMAIN = "simulated_meters"
SEED = 1
