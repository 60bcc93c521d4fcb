"""The form in which a model writes a postmortem. Checked in `bot.domain.postmortem.written`; nothing else is believed.

Imported where a model is asked only: pydantic is not needed to start.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

SENTENCE, ID = 500, 12
CITED, SENTENCES, ACTIONS = 12, 8, 8

FactId = Annotated[str, Field(max_length=ID, description='An id exactly as it stands in the facts: "T4", "E2", "I1".')]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SaidSentence(_Form):
    """One sentence and what it rests on."""

    text: str = Field(
        min_length=1,
        max_length=SENTENCE,
        description="One plain sentence in English. Numbers, names, versions and times as the cited facts have them.",
    )
    facts: list[FactId] = Field(
        max_length=CITED, description="Ids of all facts that the sentence takes anything from; never empty."
    )


class SaidAction(_Form):
    """Something to be done so that it does not come again, or ends sooner."""

    text: str = Field(
        min_length=1, max_length=SENTENCE, description='It begins with a verb: "Add an alert on ...". Nobody is named.'
    )
    priority: Literal["P0", "P1", "P2"] = Field(
        description="P0: without it, it can happen again tomorrow. P1: it would have been shorter. P2: easier."
    )
    facts: list[FactId] = Field(max_length=CITED, description="Ids of the facts that show why.")


Sentences = Annotated[list[SaidSentence], Field(max_length=SENTENCES)]


class SaidPostmortem(_Form):
    """The sections of a postmortem. The timeline is not asked for: it is told from the record."""

    summary: Sentences = Field(description="What happened, how long, why, and what ended it, for readers in a hurry.")
    impact: Sentences = Field(description="What users and services felt, with its duration and numbers.")
    root_cause: Sentences = Field(description="Why it happened, as far as the facts show it.")
    contributing: Sentences = Field(description="What made it likelier, larger or longer.")
    resolution: Sentences = Field(description="What was done, and what it did, in order of time.")
    went_well: Sentences = Field(description="What helped.")
    went_badly: Sentences = Field(description="What cost time or made it worse, of the system and not of people.")
    lessons: Sentences = Field(description="What to remember the next time, in one sentence each.")
    action_items: list[SaidAction] = Field(max_length=ACTIONS, description="The most important first.")
