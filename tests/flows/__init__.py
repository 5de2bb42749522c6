"""Tests of the flows, run as the frontend runs them."""
