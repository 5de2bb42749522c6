"""Tests of lists of streams."""
