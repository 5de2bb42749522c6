"""Tests of the suggestions, on the entities of real meters."""
