"""The fault campaign: real processes are killed and fooled at random, and every sample has to arrive all the same.

`python -m tests.campaign` is the campaign on the delivery library, `python -m tests.campaign.home_assistant` that
on a real Home Assistant; `backlog`, `neighbours`, `fleet` and `million` measure the other promises.
"""
