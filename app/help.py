"""What the help says: one friendly sentence per command and option, for readers who do not program."""

from __future__ import annotations

from typing import Final

QUARTIER: Final = (
    "Quartier computes how many people will live in a town's neighbourhoods, and what they will need: childcare, care, "
    "dwellings. It plans structures; it never judges what a single person is entitled to."
)

COMMANDS: Final = {
    "run": "Compute a forecast: people, households, childcare, care and dwellings, quarter by quarter.",
    "check": "Examine a town's tables and list everything that must or should be mended; computes nothing.",
    "regions": "List the towns that come with Quartier.",
    "scenarios": "List the scenarios that come with Quartier, with the questions they answer.",
    "describe": "Show what happens in every quarter of the model, in which order.",
}

REGION: Final = "The town: one of those that `quartier regions` lists, or a folder with your own tables."

OPTIONS: Final = {
    "--scenario": "What is to be tried out: a name that `quartier scenarios` lists, or a file of your own. May be "
    "given several times. Without it: baseline, the town as it goes on today.",
    "--until": "Last year of the forecast. Without it: 20 years after the town's figures.",
    "--replicates": "How often each scenario is computed, every time with other chances; the results show mean and "
    "spread. Without it: 10.",
    "--seed": "A number that fixes chance: the same number gives the same results. Without it: 1.",
    "--workers": "How many processors compute at the same time; the results do not depend on it. Without it: all, but "
    "not more than 4.",
    "--out": "A new folder for the results. Without it: a new one inside the folder runs.",
    "--language": "Language of texts and results, German or English. Without it: German.",
    "--rounding": "How numbers of persons are rounded in tables and charts, so that nobody can be recognised: to five, "
    "ten, or not at all (none). Without it: five.",
    "--check": "Check the model's books after every quarter. Slower; for those who change the model.",
    "--debug": "If something breaks, show what programmers need to mend it.",
    "--schema": "Print the JSON schema of scenario files instead; editors complete and check files with it.",
    "--help": "Show this help.",
}
