"""Tests of Wattics for Home Assistant."""
