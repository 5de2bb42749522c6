"""A real Home Assistant in a process of its own, with simulated meters: for development and end-to-end tests."""
