"""Lists of streams: what the account's streams are as rows, and streams made or changed from rows.

A row says all of one stream, with entities by their ids; what it leaves out has its default. It comes as YAML
(which is also what the actions take and give) or as CSV, where a row is a line and each parameter a column.
"""
