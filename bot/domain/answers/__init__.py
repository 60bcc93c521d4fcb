"""Answers to people's questions from what is known already, in its own words: quoted, with where it stands."""

from __future__ import annotations

from bot.domain.answers.compose import answer, catch_up
from bot.domain.answers.material import Event, Material
from bot.domain.answers.quotes import Answer, Part, Quote
from bot.domain.answers.topics import Topic, topics

__all__ = ["Answer", "Event", "Material", "Part", "Quote", "Topic", "answer", "catch_up", "topics"]
