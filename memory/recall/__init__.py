"""What memory has to say about an incident: past ones that are like it, and pages that fit."""

from memory.recall.incidents import MOST, Recall, Recollection
from memory.recall.likeness import Memory
from memory.recall.pages import PageMatch, PageSearch, texts_to_embed
from memory.recall.question import Question, question_about
from memory.recall.source import RecallSource

__all__ = [
    "MOST",
    "Memory",
    "PageMatch",
    "PageSearch",
    "Question",
    "Recall",
    "RecallSource",
    "Recollection",
    "question_about",
    "texts_to_embed",
]
