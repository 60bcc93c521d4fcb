"""Typed answers: the schema that is asked for, and whether an answer fits it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from integrations.anthropic.connection import Connection

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")

MOST_ERRORS = 8  # that the model is told of


async def schema_of(shape: type[BaseModel], connection: Connection) -> dict[str, Any]:
    """In the dialect that the API takes: limits it does not know are put into descriptions."""
    await connection.client()
    return _schema(shape)


@cache
def _schema(shape: type[BaseModel]) -> dict[str, Any]:
    from anthropic import transform_schema

    return transform_schema(shape)


def misfit(text: str, shape: type[T]) -> T | str:
    """The value, or what is wrong with the answer, for the model."""
    from pydantic import ValidationError

    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(str(part) for part in item['loc']) or 'the whole'}: {item['msg']}." for item in wrong]
    return " ".join(told[:MOST_ERRORS])
