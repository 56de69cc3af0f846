"""The scenario file: what it may say. Its parts: `parts`, `levers`; reading: `files`; laying it over a town: `resolve`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .levers import DwellingsChange, NamedLever, ParameterChange, PlacesChange, RateChange
from .parts import EntryId, Evidence, Line, OneDay, Part, Text


class ScenarioFile(Part):
    """A scenario: a question, and what would have to change in the town to answer it."""

    title: Text = Field(description="short title")
    question: Text | None = Field(None, description="the question the scenario answers")
    base: Line | None = Field(None, description="another scenario whose entries apply as well")
    remove: list[EntryId] = Field([], description="ids of entries of the base that do not apply here")
    override: dict[EntryId, dict[str, Any]] = Field({}, description="keys of entries of the base that are different here, by their ids")
    author: str = Field("", description="who wrote it")
    date: OneDay | None = Field(None, description="when it was written")
    evidence: Evidence = Field("none", description="A causal estimate, B association or model study, C plausible, law, none")
    source: str = Field("", description="where the amounts come from")
    rate: list[RateChange] = Field([], description="changed rates")
    places: list[PlacesChange] = Field([], description="places opened or taken away")
    dwellings: list[DwellingsChange] = Field([], description="new dwellings")
    parameter: list[ParameterChange] = Field([], description="other values of parameters, for the whole run")
    lever: list[NamedLever] = Field([], description="levers with a name")


def json_schema() -> dict[str, Any]:
    """The JSON schema of a scenario file, with which editors complete and check it."""
    schema = ScenarioFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
