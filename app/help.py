"""What the help says: one friendly sentence per command and option, for readers who do not program."""

from __future__ import annotations

from typing import Final

QUARTIER: Final = (
    "Quartier computes how many people will live in a town's neighbourhoods, and what they will need: childcare, care, "
    "dwellings. It plans structures; it never judges what a single person is entitled to."
)

COMMANDS: Final = {
    "run": "Compute a forecast: people, households, childcare, care and dwellings, quarter by quarter.",
    "compare": "Lay scenarios side by side: what differs, from when on, how surely, and who gains or loses.",
    "explore": "Find out which uncertain assumption moves the results most, by trying many values of all of them.",
    "check": "Examine a town's tables and list everything that must or should be mended; computes nothing.",
    "regions": "List the towns that come with Quartier.",
    "scenarios": "List the scenarios that come with Quartier, with the questions they answer.",
    "describe": "Show what happens in every quarter of the model, in which order.",
}

RUNS: Final = "The folder that `quartier run` wrote, with at least two scenarios; or two such folders of the same town and seed."

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
    "--resume": "Go on with a run that was interrupted: the same command once more, with this added. The results are the "
    "same as without the interruption.",
    "--precision": "Compute as often as it takes until the headline figures are this sure, for instance 1%; after every "
    "--replicates it is looked whether that is enough.",
    "--max-replicates": "Where --precision stops in any case. Without it: 200.",
    "--dask": "Address of a Dask cluster that computes instead of this machine, for instance tcp://10.0.0.5:8786. The "
    "results are the same.",
    "--check": "Check the model's books after every quarter. Slower; for those who change the model.",
    "--debug": "If something breaks, show what programmers need to mend it.",
    "--schema": "Print the JSON schema of scenario files instead; editors complete and check files with it.",
    "--base": "The scenario with which the others are compared. Without it: baseline.",
    "--against": "A scenario to be compared; may be given several times. Without it: all in the results.",
    "--year": "The year whose 31 December the tables show. Without it: the last one.",
    "--indicator": "A number shown by Quartier in heat map and slope chart, for instance childcare_waiting_under_3; may be "
    "given several times. Without it: those with the clearest effects.",
    "--samples": "How many combinations of values are tried. Without it: 40.",
    "--parameters": "Uncertain figures of the model to be tried as well, separated by commas; key = a list of the most "
    "uncertain ones. Without it: only the ranges in the scenario, or key if it has none.",
    "--help": "Show this help.",
}
