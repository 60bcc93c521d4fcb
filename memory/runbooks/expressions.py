"""Templates and conditions, with every name in them looked up while somebody is awake to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain import condition
from bot.domain.condition import Condition, ConditionError, Path
from bot.domain.runbook import template
from bot.domain.runbook.names import Names, spelt, unknown
from bot.domain.runbook.template import TemplateError
from bot.domain.runbook.values import OUTCOME
from memory.operator_file import Entry

_STATES = ("succeeded", "ending")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an expression stands: what it can see, and which of that may be absent."""

    names: Names
    later: Mapping[str, str] = field(default_factory=dict)  # ids of this and later steps -> what is wrong with them
    uncertain: frozenset[str] = frozenset()  # ids of steps whose own values may be absent
    guarded: tuple[Path, ...] = ()  # what the step's own `if` asks about

    def check(self, entry: Entry, paths: Iterable[Path], guards: Iterable[Path] = ()) -> None:
        """Raises ConfigFileError for a name that is not there, or may not be there when it is needed."""
        guards = (*self.guarded, *guards)
        for path in paths:
            if path[0] == "steps" and len(path) > 1 and path[1] in self.later:
                raise entry.error(self.later[path[1]])
            if wrong := unknown(self.names, path):
                raise entry.error(wrong)
            if self._may_be_absent(path) and not any(_guards(guard, path) for guard in guards):
                raise entry.error(
                    f"{spelt(path)} may be absent, for steps.{path[1]} may be skipped or fail; add "
                    f"`if: steps.{path[1]}.succeeded` to this step"
                )

    def _may_be_absent(self, path: Path) -> bool:
        if path[0] != "steps" or len(path) < 3 or path[1] not in self.uncertain:
            return False
        step = self.names.at(path[:2])
        if step is not None and "output" not in step.members:  # of `foreach`: any of its elements may have failed
            return len(path) > 4 and path[4] not in (*OUTCOME, "item")
        return path[2] not in OUTCOME


def _guards(guard: Path, path: Path) -> bool:
    if guard[-1] in _STATES:
        return guard[:-1] == path[: len(guard) - 1]
    return guard == path[: len(guard)]


def read_condition(entry: Entry, place: Place) -> Condition:
    source = entry.as_text() if not isinstance(entry.value, bool) else str(entry.value).lower()
    try:
        found = condition.parse(source)
        paths, asked = condition.paths(source), condition.guarded(source)
    except ConditionError as error:
        raise entry.error(f"{error}; see the language of conditions in docs/runbooks.md") from None
    states = (path for path in paths if path[-1] in _STATES)
    place.check(entry, paths, (*asked, *states))
    return found


def guards_of(found: Condition | None) -> tuple[Path, ...]:
    """What a step knows to be there once its `if` holds."""
    if found is None:
        return ()
    states = (path for path in condition.paths(found.source) if path[-1] in _STATES)
    return (*condition.guarded(found.source), *states)


def check_template(entry: Entry, source: str, place: Place) -> None:
    if not template.is_template(source):
        return
    try:
        template.check(source)
    except TemplateError as error:
        raise entry.error(f"{error}; see the templates in docs/runbooks.md") from None
    place.check(entry, template.paths(source), template.defaulted(source))
    for path in template.printed(source):
        found = place.names.at(path)
        if found is not None and not (found.is_single or found.is_open):
            raise entry.error(_not_single(path, found))


def _not_single(path: Path, found: Names) -> str:
    if found.elements is not None:
        return f"{spelt(path)} is a list; use `foreach`, or one of its elements as in {{{{ {spelt(path)} | first }}}}"
    return f"{spelt(path)} is not a single value; it has {', '.join(sorted(found.members))}"
