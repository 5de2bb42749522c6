"""Home Assistant's states become packets: when a stream is due, and what its sources say at that instant."""
