"""One deployment, told once: GitHub, Argo CD, Kubernetes and PagerDuty may each report it in their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.evidence import ChangeFact, ChangeKind, Evidence

# From the commit's sync over the rollout to the status that says so: half an hour covers a slow roll-out.
SAME_ROLLOUT = timedelta(minutes=30)
# Where nothing can be compared, only closeness speaks: two deployments of a service are rarely this near.
SAME_MINUTES = timedelta(minutes=5)
# A merge is no deployment and a release may wait for one: both are told by themselves.
_DEPLOYED = frozenset({ChangeKind.DEPLOYMENT, ChangeKind.EVENT, ChangeKind.WORKFLOW})
_COMMIT = re.compile(r"(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}")  # digits alone may be a build's number, and still compare
_NUMBER = re.compile(r"\d+(?:\.\d+)*(?:[-+.][\w.-]+)?")  # without its "v"
_PARTS = re.compile(r"[-_+@:/ ]")
_SAME_PLACE = 4  # letters: "prod" and "production" are one environment


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A change as all tools together know it, and the ids of all evidence of it, the fullest first."""

    fact: ChangeFact
    ids: tuple[str, ...]


def merged_changes(evidence: Iterable[Evidence]) -> tuple[Merged, ...]:
    """All changes among `evidence`, in its order; each deployment once. Other facts are passed over."""
    pairs = [(item, item.fact) for item in evidence if isinstance(item.fact, ChangeFact)]
    groups: list[list[tuple[Evidence, ChangeFact]]] = []
    # Those that name a version first: what names none goes to the nearest of them.
    for pair in sorted(pairs, key=lambda pair: not _names_version(pair[1].version)):
        fitting = [group for group in groups if _belongs(pair, group)]
        if fitting:
            min(fitting, key=lambda group: abs(group[0][1].at - pair[1].at)).append(pair)
        else:
            groups.append([pair])
    places = {id(pair[0]): place for place, pair in enumerate(pairs)}
    groups.sort(key=lambda group: min(places[id(item)] for item, _ in group))
    return tuple(_told(group) for group in groups)


def same_version(one: str, other: str) -> bool | None:
    """Whether two names mean one version: "v2.31.0" and "2.31.0", a commit and its beginning, a tag that holds it.

    None where they cannot be compared: a commit with a number, or what is no version at all.
    """
    one, other = _plain(one), _plain(other)
    if one == other:
        return True if one else None
    if _holds(one, other) or _holds(other, one):
        return True
    kinds = {_is_commit(one), _is_commit(other)}
    return False if len(kinds) == 1 and _names_version(one) and _names_version(other) else None


def _belongs(pair: tuple[Evidence, ChangeFact], group: list[tuple[Evidence, ChangeFact]]) -> bool:
    """One tool tells of one deployment once: what it tells twice are two."""
    item, fact = pair
    if fact.kind not in _DEPLOYED or any(other.source == item.source for other, _ in group):
        return False
    verdicts = [_is_same(fact, other) for _, other in group]
    return None not in verdicts and all(verdicts)


def _is_same(one: ChangeFact, other: ChangeFact) -> bool:
    if one.service != other.service or other.kind not in _DEPLOYED or not _same_place(one, other):
        return False
    verdict = same_version(one.version, other.version)
    apart = abs(one.at - other.at)
    return apart <= SAME_ROLLOUT if verdict else verdict is None and apart <= SAME_MINUTES


def _same_place(one: ChangeFact, other: ChangeFact) -> bool:
    places = [fact.environment[:_SAME_PLACE].lower() for fact in (one, other)]
    return not all(places) or places[0] == places[1]


def _told(group: list[tuple[Evidence, ChangeFact]]) -> Merged:
    """The fullest fact with what only the others know. It keeps its own version: the one before goes with it."""
    ordered = sorted(group, key=lambda pair: _fullness(pair[1]), reverse=True)
    facts = [fact for _, fact in ordered]
    ids = tuple(item.id for item, _ in ordered if item.id)
    if len(facts) == 1:
        return Merged(fact=facts[0], ids=ids)
    deployed = [fact for fact in facts if fact.kind is ChangeKind.DEPLOYMENT] or facts
    sized = next((fact for fact in facts if fact.commits is not None), facts[0])
    statuses = [fact.succeeded for fact in facts if fact.succeeded is not None]
    whole = replace(
        facts[0],
        kind=deployed[0].kind,
        at=min(fact.at for fact in deployed),
        author=next((fact.author for fact in facts if fact.author), ""),
        environment=next((fact.environment for fact in facts if fact.environment), ""),
        succeeded=all(statuses) if statuses else None,
        files=next((fact.files for fact in facts if fact.files), ()),
        authors=next((fact.authors for fact in facts if fact.authors), ()),
        commits=sized.commits,
        added=sized.added,
        removed=sized.removed,
        flags=tuple(dict.fromkeys(flag for fact in facts for flag in fact.flags)),
        compare=next((fact.compare for fact in facts if fact.compare), None),
    )
    return Merged(fact=whole, ids=ids)


def _fullness(fact: ChangeFact) -> tuple[bool, bool, bool, int]:
    is_deployment = fact.kind is ChangeKind.DEPLOYMENT
    return is_deployment, fact.previous is not None, bool(fact.files or fact.flags), len(fact.title)


def _plain(version: str) -> str:
    name = version.strip().lower()
    return name[1:] if re.match(r"v\d", name) else name


def _names_version(version: str) -> bool:
    name = _plain(version)
    return _is_commit(name) or bool(_NUMBER.fullmatch(name))


def _is_commit(name: str) -> bool:
    return bool(_COMMIT.fullmatch(name))


def _holds(whole: str, part: str) -> bool:
    """ "2.31.0-3f9c2ab" holds both "2.31.0" and the commit "3f9c2ab91d..."; "main@3f9c2ab" holds the commit."""
    if _is_commit(whole) and _is_commit(part):
        return whole.startswith(part)
    pieces = [_plain(piece) for piece in _PARTS.split(whole) if piece]
    if _is_commit(part):
        return any(_is_commit(piece) and (part.startswith(piece) or piece.startswith(part)) for piece in pieces)
    return bool(_NUMBER.fullmatch(part)) and "." in part and part in pieces
