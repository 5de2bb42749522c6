"""Plays rounds of faults; ends with 1 when anything was lost, reordered or changed, or a fault never happened."""

from argparse import ArgumentParser, Namespace
import asyncio
from pathlib import Path
from random import SystemRandom
import sys
from tempfile import TemporaryDirectory
import time

from .campaign import Campaign
from .lines import say
from .report import lines, summary
from .sabotage import SABOTAGE


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, help="repeats the faults of an earlier campaign")
    parser.add_argument("--sabotage", choices=SABOTAGE, help="break the library, to see the campaign notice it")
    parser.add_argument(
        "--discarded-status",
        type=int,
        help="what the collector answers to a packet that it has already (default: now 200, now 400)",
    )
    return parser.parse_args()


def main() -> int:
    """Run a campaign and print what it came to; return the exit code."""
    arguments = _arguments()
    seed = SystemRandom().randrange(1_000_000) if arguments.seed is None else arguments.seed
    say(f"seed {seed}")
    started = time.monotonic()
    with TemporaryDirectory() as folder:
        campaign = Campaign(
            Path(folder), seed, sabotage=arguments.sabotage, discarded_status=arguments.discarded_status
        )
        asyncio.run(campaign.run(arguments.rounds))
    figures = summary(campaign, seed, time.monotonic() - started)
    for line in lines(figures, campaign.complaints):
        say(line)
    return int(bool(campaign.complaints or figures["not seen"]))


if __name__ == "__main__":
    sys.exit(main())
