"""Tests of the delivery library: a real server, real files, and time in the test's hand."""
