"""Which entity of a device feeds which parameter of an electricity stream.

The rules know nothing of Home Assistant but the facts of its registries (`entity`). They read each entity by the
tables of words (`words`, `texts`, `reading`), tell phases from channels (`phases`) and choose (`suggestion`).
`devices` finds a device's entities in the registries.
"""
