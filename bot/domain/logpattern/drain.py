"""Groups masked lines into templates: a fixed-depth tree after Drain (He et al., ICWS 2017), strict about words.

Drain puts a line into the cluster whose words are similar enough, and so joins "task started" with "task failed". Here
lines that differ in a word stay apart until that word has proved to be data: by how many different words were seen in
its place in otherwise equal lines, and by what they look like. Paths and dotted names prove it early, plain words
late, constants written in capitals never. Lines that differ in several words are compared with the similar lines of
their leaf, as Drain does, and joined where these words hardly ever repeat.

One configuration for all systems; deterministic; bounded: the rarest templates are forgotten where there are too many.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.domain.logpattern.masking import WILDCARD, Masks, told

Words = tuple[str, ...]

MOST_TEMPLATES = 4_000  # with all that is kept of them about 30 MB; real services have some hundreds
MOST_WORDS = 120  # of a line that are compared
PROOF = 24  # points that make a place data
WORD, WORD_IN_CONTEXT, DATA, MASKED = 3, 5, 8, 16  # 8 words, 5 in a long line, 3 paths, or a mask and a path
CONTEXT = 4  # so many other words that are no data make a long line
SIMILARITY = 0.6  # share of equal words that makes two lines of one leaf alike; Drain's own default is 0.4 to 0.5
FAMILY = 16  # so many alike lines are looked at together
VARIETY = 0.5  # share of them that have a word of their own in a place of data
FAMILIES = 64  # of one leaf; what comes later is compared exactly only

_CONSTANT = re.compile(
    r"\W*(?:[A-Z][A-Z_]+|(?i:true|false|yes|no|on|off|null|none|nil|ok)|[\w.$]*(?:Exception|Error))\W*"
)
_DATA = re.compile(r"[/\\@]|\w\.\w|\d|[a-z]_[a-z]|\w-\w")
_LETTERS = re.compile(r"[A-Za-z]{2}")
_NAMED = re.compile(r"[^\s=:]+[=:](?=[^\s=:])")  # "user=" of "user=root"


@dataclass(eq=False)
class Template:
    """Lines with the same words but for those that are data."""

    number: int
    words: Words
    count: int = 0
    into: Template | None = None  # what it was joined with

    def final(self) -> Template:
        found = self
        while found.into is not None:
            found = found.into
        if self.into is not None:
            self.into = found
        return found

    @property
    def text(self) -> str:
        return told(self.words)


@dataclass
class _Place:
    """Templates that differ in one place only, and what proves that place to be data."""

    points: int = 0
    values: set[str] = field(default_factory=set)
    members: list[Template] = field(default_factory=list)


@dataclass
class _Family:
    """Templates of a leaf that are like its first."""

    first: Words
    members: list[Template] = field(default_factory=list)


@dataclass
class _Leaf:
    general: dict[tuple[int, ...], dict[Words, Template]] = field(default_factory=dict)  # by places that are data
    families: list[_Family] = field(default_factory=list)

    def like(self, words: Words, places: tuple[int, ...]) -> list[Template]:
        """Those of its families that are these words but for the places."""
        members = (member for family in self.families for member in family.members)
        return [member for member in members if member.into is None and _blank(member.words, places) == words]


class DrainTree:
    """Give it masked lines one by one; ask each template at the end what it has become: `final()`."""

    def __init__(self, *, most: int = MOST_TEMPLATES) -> None:
        self._most = most
        self._made = 0
        self._exact: dict[Words, Template] = {}
        self._places: defaultdict[tuple[int, str, Words], _Place] = defaultdict(_Place)
        self._leaves: defaultdict[tuple[int, str], _Leaf] = defaultdict(_Leaf)  # by number of words, and the first

    def add(self, words: Words) -> Template:
        found = self._exact.get(words)
        if found is None:
            found = self._general(words) or self._new(words)
        found = found.final()
        found.count += 1
        return found

    def templates(self) -> tuple[Template, ...]:
        """Those that are left, by their number."""
        return tuple(sorted({id(t.final()): t.final() for t in self._exact.values()}.values(), key=lambda t: t.number))

    def _general(self, words: Words) -> Template | None:
        for first in (words[0], _name(words[0]) + WILDCARD) if words else ():
            leaf = self._leaves.get((len(words), first))
            for places, known in leaf.general.items() if leaf else ():
                if found := known.get(_blank(words, places)):
                    return found
        return None

    def _new(self, words: Words) -> Template:
        if len(self._exact) >= self._most:
            self._forget()
        made = self._exact[words] = Template(self._made, words)
        self._made += 1
        self._compare(made)
        return made

    def _compare(self, made: Template) -> None:
        """With those that differ in one place, then with its family."""
        words = made.words[:MOST_WORDS]
        said = sum(1 for word in made.words if _LETTERS.search(word))
        for place, word in enumerate(words):
            key = (place, _name(word), made.words[:place] + made.words[place + 1 :])
            known = self._places[key]
            if word not in known.values:
                known.values.add(word)
                known.points += _points(word, said - 1)
            known.members.append(made)
            if known.points >= PROOF and len(known.values) > 1:
                self._join(known.members, (place,))
                known.members = known.members[:1]
                if made.into is not None:
                    return
        if made.into is None and words:
            self._meet(made)

    def _meet(self, made: Template) -> None:
        leaf = self._leaves[len(made.words), made.words[0]]
        best = max(leaf.families, key=lambda family: _similarity(family.first, made.words), default=None)
        if best is None or _similarity(best.first, made.words) < SIMILARITY:
            if len(leaf.families) < FAMILIES:
                leaf.families.append(_Family(made.words, [made]))
            return
        best.members = [member for member in best.members if member.into is None]
        best.members.append(made)
        is_time = len(best.members) >= FAMILY and len(best.members) % (FAMILY // 2) == 0
        if is_time and (places := _free(best.members)):
            self._join_groups(best.members, places)

    def _join_groups(self, members: Iterable[Template], places: tuple[int, ...]) -> None:
        groups: defaultdict[Words, list[Template]] = defaultdict(list)
        for member in members:
            groups[_blank(member.words, places)].append(member)
        for group in groups.values():
            if len(group) >= FAMILY // 2:
                self._join(group, places)

    def _join(self, members: Sequence[Template], places: tuple[int, ...]) -> None:
        """Into one with these places as data; that one may prove another place in turn."""
        words = _blank(members[0].words, places)
        into = self._exact.get(words)
        is_new = into is None
        if into is None:
            into = self._exact[words] = Template(self._made, words)
            self._made += 1
        into = into.final()
        leaf = self._leaves[len(words), words[0]]
        leaf.general.setdefault(places, {})[words] = into
        for member in (*members, *leaf.like(words, _data_places(words))):
            old = member.final()
            if old is not into:
                into.count += old.count
                old.into = into
                self._exact.pop(old.words, None)
        if is_new:
            self._compare(into)

    def _forget(self) -> None:
        """The rarer half: what is common is learned again at once where that was wrong."""
        kept = sorted(self._exact.values(), key=lambda template: (-template.final().count, template.number))
        self._exact = {template.words: template for template in sorted(kept[: self._most // 2], key=lambda t: t.number)}
        alive = {id(template.final()) for template in self._exact.values()}
        self._places.clear()
        for leaf in self._leaves.values():
            leaf.families.clear()
            leaf.general = {
                places: left
                for places, known in leaf.general.items()
                if (left := {words: t for words, t in known.items() if id(t.final()) in alive})
            }
        for key in [key for key, leaf in self._leaves.items() if not leaf.general]:
            del self._leaves[key]


class TemplateMiner:
    """Masks, then the tree."""

    def __init__(self, *, most: int = MOST_TEMPLATES) -> None:
        self._masks = Masks()
        self._tree = DrainTree(most=most)

    def add(self, text: str) -> Template:
        """The template the line belongs to so far; what it has become later is its `final()`."""
        return self._tree.add(self._masks.words(text))

    def masked(self, text: str) -> str:
        """The line with what its masks alone take for data."""
        return told(self._masks.words(text))

    def templates(self) -> tuple[Template, ...]:
        return self._tree.templates()


def _blank(words: Words, places: tuple[int, ...]) -> Words:
    blanked = list(words)
    for place in places:
        blanked[place] = _name(blanked[place]) + WILDCARD
    return tuple(blanked)


def _data_places(words: Words) -> tuple[int, ...]:
    return tuple(
        place for place, word in enumerate(words) if word.endswith(WILDCARD) and word == _name(word) + WILDCARD
    )


def _name(word: str) -> str:
    found = _NAMED.match(word)
    return found.group() if found else ""


def _points(word: str, context: int) -> int:
    """What one word that was seen in a place says for it being data; `context`: how many words the others are."""
    value = word[len(_name(word)) :]
    literal = value.replace(WILDCARD, "")
    if WILDCARD in value and not _LETTERS.search(literal):
        return MASKED
    if _CONSTANT.fullmatch(value):
        return 0
    if _DATA.search(literal):
        return DATA
    return WORD if context < CONTEXT else WORD_IN_CONTEXT


def _similarity(one: Words, other: Words) -> float:
    return sum(map(str.__eq__, one, other)) / len(one)


def _free(members: Sequence[Template]) -> tuple[int, ...]:
    """Places whose words hardly ever repeat among similar lines; one place alone is proved otherwise."""
    wanted = len(members) * VARIETY
    found = []
    for place in range(len(members[0].words)):
        values = {member.words[place] for member in members}
        if len(values) >= wanted and not any(_CONSTANT.fullmatch(value) for value in values):
            found.append(place)
    return tuple(found) if len(found) > 1 else ()
