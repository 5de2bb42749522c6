"""The whole chain on one machine: simulated meters, Home Assistant, the integration, a collector."""
