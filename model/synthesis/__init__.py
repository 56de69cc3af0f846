"""The synthetic population: everyone of the register in a household, every household in a dwelling, kin linked.

`synthesise` makes the start of a run; one file per subject: `ages` (single ages of the register's persons),
`institutions`, `arrangements` (who lives how), `unions` and `couples` (who with whom, since when), `balance` and
`children` (whose child), `shared` (the others), `kin` (links across households), `dwellings`, `targets` and `report`
(what was asked for and what was reached).
"""

from .synthesise import synthesise

__all__ = ["synthesise"]
