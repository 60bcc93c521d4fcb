"""Words that a sentence of a model may begin with. A name at its beginning looks like any other word, so all others
must stand in the facts. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.grounding.words import listed

_OPENINGS = listed(
    """
    a about after afterwards again alerting alerts all almost alone also although an and another any around as
    at automatic based because before between both but by customers database deployments despite detection
    during each either engineers errors escalation every evidence few fewer first five for four from further
    given had half however if in initially instead it its latency later less logs many meanwhile memory
    metrics monitoring more most much neither no nobody none nor nothing of on once one only other over
    overall owing part people recovery requests responders rolling root roughly service services several
    severity similar since so some somebody still such that the their then there these they this those three
    through throughout together total traffic two under until up users we what when where which while why with
    within without
    """
)
_ORDERS = listed(
    """
    add agree alert allow apply ask audit automate back block bound bring build cap change check clean collect
    compare configure confirm consider cover create cut decide define delete deploy detect determine disable
    document double drain drop enable enforce ensure exercise expand expose extend fail find fix gate give
    grow guard handle have implement improve include increase instrument introduce investigate isolate keep
    let limit link list log lower make mark measure merge migrate monitor move notify page pin plan practise
    prepare prevent protect provide put raise rate recheck record reduce refuse rehearse release remove rename
    renew replace report require reserve restrict retry revert review rework rotate run scale schedule see
    send separate set settle shed shorten show shrink simulate size split stage start stop store strengthen
    switch teach tell test throttle tighten trace track trim tune turn update upgrade use validate verify warn
    watch write
    """
)


def is_opening(word: str, known: Collection[str]) -> bool:
    """`known`: words of the facts, in small letters."""
    small = word.casefold()
    return small in _OPENINGS or small in known or (small.endswith("ing") and small == word[:1].lower() + word[1:])


def is_order(word: str) -> bool:
    """A verb that tells what is to be done."""
    return word.casefold() in _ORDERS
