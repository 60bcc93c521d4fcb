"""`github.revert_pull`: a pull request that takes back what another one brought.

The new branch is the merge commit with one commit on top, whose files are those of before: GitHub's own three-way merge
then takes back exactly that, also where more was merged since, and says so where it conflicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.action import ActionCall, ActionResult, BlastRadius, Ending, Reversibility, Risk, Value
from bot.domain.errors import SourceError
from bot.domain.plaintext import plain
from bot.domain.redact import redact
from integrations.drafted import TURNED_AWAY, Draft, DraftedAction, failed, schema, unknown
from integrations.github.action_answers import MergedJson, ReferenceJson, ShaJson, WholeCommitJson
from integrations.github.actions import REPOSITORY, Asked, mark, not_allowed, repository
from integrations.github.answers import FileJson
from integrations.github.refusal import NotVisible
from integrations.github.wire import Wire

BRANCHES = "first-responder"  # all branches that are made stand below it, so none can be a protected one
TITLE_LIMIT = 200  # characters
MOST_FILES = 100  # of a pull request, looked at in one page
_PERMISSION = "contents and pull requests, and write access to them"


@dataclass(frozen=True, kw_only=True)
class _Work:
    repository: str
    number: int
    title: str
    base: str
    merge: str  # sha
    tree: str  # sha, of the files of before


class RevertPull(DraftedAction[_Work]):
    name = "github.revert_pull"
    risk = Risk.CHANGE

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._allowed = tuple(name.lower() for name in asked.settings.reverts)

    @property
    def parameters(self) -> Mapping[str, Value]:
        return schema(
            ("repository", "number"),
            repository={"type": "string", "pattern": f"^{REPOSITORY}$"},
            number={
                "type": "integer",
                "minimum": 1,
                "maximum": 10_000_000,
                "description": "Of the merged pull request",
            },
        )

    async def _draft(self, call: ActionCall) -> Draft[_Work]:
        name, number = repository(call.parameters), int(str(call.parameters["number"]))
        owner = name.lower().partition("/")[0]
        if not {name.lower(), f"{owner}/*"} & {*self._allowed}:
            raise not_allowed("repository", f"{name} is not in GITHUB_REVERTS.")
        work = await self._asked.call(lambda wire: _looked_up(wire, name, number))
        return Draft(
            target=f"pull request #{number} of {name} ({work.title})",
            lines=(
                f"open a pull request to {work.base} that reverts #{number} ({work.title}), merged as {work.merge}",
                f"on a new branch {_branch(work, 'KEY').replace(mark('KEY'), '...')}; nobody's branch is pushed to",
                "it is merged by people, like any other",
            ),
            work=work,
            risk=Risk.CHANGE,
            reversibility=Reversibility.REVERSIBLE,
            radius=BlastRadius(count=1, unit="pull requests"),
        )

    async def _do(self, work: _Work, call: ActionCall, key: str) -> ActionResult:
        try:
            return await self._asked.call(lambda wire: _opened(wire, work, key))
        except SourceError as error:
            if error.reason in TURNED_AWAY:
                return failed(error.detail)
            return unknown(f"{error.detail} Whether the pull request is there is not known.")


def _looked_up(wire: Wire, name: str, number: int) -> _Work:
    """Raises ActionRefused, SourceError."""
    pull = wire.get(name, f"/pulls/{number}", MergedJson, permission="pull requests").value
    if pull.merged_at is None or not pull.merge_commit_sha or pull.base is None:
        raise not_allowed("number", f"#{number} was never merged, so there is nothing to revert.")
    merge = wire.get(name, f"/commits/{pull.merge_commit_sha}", WholeCommitJson, permission="contents").value
    if not merge.parents:
        raise not_allowed("number", f"#{number} was merged as the first commit: there is nothing before it.")
    path = f"/pulls/{number}/files"
    files = wire.get(name, path, list[FileJson], {"per_page": str(MOST_FILES)}, permission="pull requests").value
    if len(merge.parents) == 1 and {f.filename for f in files} != {f.filename for f in merge.files}:
        detail = f"#{number} was merged as several commits, or changed very many files: revert it by hand."
        raise not_allowed("number", detail)
    before = wire.get(name, f"/commits/{merge.parents[0].sha}", WholeCommitJson, permission="contents").value
    return _Work(
        repository=name,
        number=number,
        title=plain(redact(pull.title), TITLE_LIMIT),
        base=pull.base.ref,
        merge=merge.sha,
        tree=before.commit.tree.sha,
    )


def _opened(wire: Wire, work: _Work, key: str) -> ActionResult:
    """What of it is there already, from the same execution before, is not made again. Raises SourceError."""
    branch, name = _branch(work, key), work.repository
    if not _is_there(wire, name, branch):
        message = f'Revert "{work.title}" (#{work.number})\n\nThis reverts commit {work.merge}.'
        content = {"message": message, "tree": work.tree, "parents": [work.merge]}
        made = wire.post(name, "/git/commits", ShaJson, content, permission=_PERMISSION)
        wire.post(
            name, "/git/refs", ReferenceJson, {"ref": f"refs/heads/{branch}", "sha": made.sha}, permission=_PERMISSION
        )
    params = {"head": f"{name.partition('/')[0]}:{branch}", "state": "all"}
    there = wire.get(name, "/pulls", list[MergedJson], params, permission="pull requests").value
    if there:
        return _result(there[0], "It was opened before")
    body = f"Reverts #{work.number}. Opened by First Responder; review and merge it like any other."
    asked = {"title": f'Revert "{work.title}"', "head": branch, "base": work.base, "body": body}
    return _result(wire.post(name, "/pulls", MergedJson, asked, permission=_PERMISSION), "It was opened")


def _is_there(wire: Wire, name: str, branch: str) -> bool:
    try:
        wire.get(name, f"/git/ref/heads/{branch}", ReferenceJson, permission="contents")
    except NotVisible:
        return False
    return True


def _branch(work: _Work, key: str) -> str:
    return f"{BRANCHES}/revert-{work.number}-{mark(key)}"


def _result(pull: MergedJson, how: str) -> ActionResult:
    return ActionResult(
        ending=Ending.SUCCEEDED,
        summary=f"{how}: pull request #{pull.number}, {pull.html_url}",
        values={"number": pull.number, "url": pull.html_url},
    )
