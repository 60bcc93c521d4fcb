"""Reads the parameters of a request, from the address and from a form alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import promql_parser as syntax
from starlette.requests import Request

from sandbox.prometheus.promql.engine import BadQuery, parse

FORM = "application/x-www-form-urlencoded"


class BadParameter(Exception):
    """400, bad_data; the text is the real server's."""


@dataclass(frozen=True)
class Parameters:
    pairs: tuple[tuple[str, str], ...]

    def text(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)

    def time(self, name: str, default: float | None = None) -> float:
        """Unix seconds, or RFC 3339."""
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            moment = float(text) if _is_number(text) else datetime.fromisoformat(text).timestamp()
        except ValueError:
            raise invalid(name, f'cannot parse "{text}" to a valid timestamp') from None
        if not math.isfinite(moment):
            raise invalid(name, f'cannot parse "{text}" to a valid timestamp')
        return moment

    def seconds(self, name: str) -> float:
        """A number of seconds, or a duration such as 5m."""
        text = self.text(name)
        try:
            length = float(text) if _is_number(text) else syntax.parse_duration(text).total_seconds()
        except ValueError:
            raise invalid(name, f'cannot parse "{text}" to a valid duration') from None
        if not math.isfinite(length):
            raise invalid(name, f'cannot parse "{text}" to a valid duration. It overflows int64')
        return length

    def limit(self) -> int:
        """0: no limit."""
        text = self.text("limit")
        if not text:
            return 0
        if not text.isdigit():
            raise invalid("limit", "limit must be non-negative" if text.startswith("-") else f"cannot parse {text!r}")
        return int(text)

    def expression(self, name: str = "query") -> Any:
        """The syntax tree."""
        return _parsed(self.text(name), name)

    def selectors(self) -> tuple[syntax.VectorSelector, ...]:
        """Those given as `match[]`."""
        trees = tuple(_parsed(text, "match[]") for text in self.texts("match[]"))
        for tree in trees:
            if not isinstance(tree, syntax.VectorSelector):
                raise invalid("match[]", "1:1: parse error: unexpected expression; expected a vector selector")
        return trees


async def parameters_of(request: Request) -> Parameters:
    pairs = list(request.query_params.multi_items())
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        body = (await request.body()).decode("utf-8", "replace")
        pairs = parse_qsl(body, keep_blank_values=True) + pairs
    return Parameters(tuple(pairs))


def invalid(name: str, why: str) -> BadParameter:
    return BadParameter(f'invalid parameter "{name}": {why}')


def _parsed(text: str, name: str) -> Any:
    try:
        return parse(text)
    except BadQuery as error:
        raise invalid(name, str(error)) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
