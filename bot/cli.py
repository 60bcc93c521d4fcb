"""The commands. With `bot.__main__` the only reader of the environment; what is heavy is imported when it is needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

cli = typer.Typer(
    name="first-responder",
    help="A ChatOps bot for incident response in Slack: evidence first, people decide, nothing lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

imports = typer.Typer(
    help="Bring past incidents of other places into memory: each once, as often as you like.", no_args_is_help=True
)
memory = typer.Typer(
    help="What the bot remembers: search it, bring it up to date, forget parts of it.", no_args_is_help=True
)
runbook = typer.Typer(help="Runbooks of the operators: find mistakes in them, see what they do.", no_args_is_help=True)
audit = typer.Typer(
    help="Who did what: verify that nothing of it was changed or left out, write it out.", no_args_is_help=True
)
cli.add_typer(imports, name="import")
cli.add_typer(memory, name="memory")
cli.add_typer(runbook, name="runbook")
cli.add_typer(audit, name="audit")

DryRun = Annotated[bool, typer.Option("--dry-run", help="Store nothing; tell what an import would do.")]
ReportFile = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write all that was left out, with the reason, as JSON lines."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@cli.command()
def run() -> None:
    """Run the bot: accept webhooks, respond to incidents in Slack. Settings come from environment variables."""
    from bot.running import run

    run(os.environ)


@cli.command()
def demo(
    scenario: Annotated[
        str, typer.Option(help="Which incident to play; see --list.", metavar="NAME")
    ] = "bad-deployment",
    once: Annotated[
        bool, typer.Option("--once", help="Stop when the briefing is posted: 0 if it was, 1 if not.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the web page; a free one if taken.")] = 8810,
    list_: Annotated[bool, typer.Option("--list", help="Name the scenarios and stop.")] = False,
) -> None:
    """Play an incident on this machine: a Slack-like page, replay servers, the real bot. No account, no keys."""
    from sandbox import demo as playing

    if list_:
        playing.list_scenarios()
        return
    raise typer.Exit(playing.play(scenario, once=once, port=port, environ=os.environ))


@cli.command()
def check() -> None:
    """Say for each token, scope, file and source: ok, or what to do. Exits with 1 where something is wrong."""
    import asyncio

    from bot.check import check_all, show

    settings, integrations = _load()
    raise typer.Exit(show(asyncio.run(check_all(settings, integrations))))


@cli.command()
def replay(
    incident: Annotated[str, typer.Argument(help="Its id, as INC-2026-0042.", metavar="ID")],
    prompt: Annotated[
        Path | None, typer.Option(help="Instructions to try in place of the shipped ones.", metavar="FILE")
    ] = None,
    model: Annotated[str, typer.Option(help="Another model, by its id.", metavar="ID")] = "",
) -> None:
    """Analyse a stored incident anew, with another prompt or model, and show what would be different. Stores nothing.

    Example: first-responder replay INC-2026-0042 --model claude-opus-5-5
    """
    from bot.replaying import replay

    raise typer.Exit(replay(os.environ, incident, prompt, model))


@imports.command("folder")
def import_folder(
    path: Annotated[Path, typer.Argument(help="A folder of Markdown postmortems, JSON or JSON lines.")],
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Postmortems and exports from a folder and those below it.

    Example: first-responder import folder postmortems --dry-run
    """
    from bot.import_report import Order
    from bot.importing import import_folder

    raise typer.Exit(import_folder(os.environ, path, Order(dry_run=dry_run, report=report)))


@imports.command("pagerduty")
def import_pagerduty(
    since: Annotated[str, typer.Option(help="How far back: 365d, 26w, 2y, or a date.", metavar="TIME")] = "365d",
    service: Annotated[
        str, typer.Option(help="Of this service alone, as the catalog or PagerDuty calls it.", metavar="NAME")
    ] = "",
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Resolved incidents of PagerDuty with their notes and alerts. Needs PAGERDUTY_API_KEY.

    Example: first-responder import pagerduty --since 90d --service checkout
    """
    from bot.import_report import Order
    from bot.importing import import_pagerduty

    raise typer.Exit(import_pagerduty(os.environ, since, service, Order(dry_run=dry_run, report=report)))


@imports.command("github")
def import_github(
    repository: Annotated[str, typer.Argument(help="Where the issues are.", metavar="OWNER/REPO")],
    label: Annotated[str, typer.Option(help="The label that incidents have.", metavar="NAME")] = "incident",
    dry_run: DryRun = False,
    report: ReportFile = None,
) -> None:
    """Closed issues of a repository on GitHub, read as postmortems. Needs GITHUB_TOKEN.

    Example: first-responder import github acme/incidents --label postmortem
    """
    from bot.import_report import Order
    from bot.importing import import_github

    raise typer.Exit(import_github(os.environ, repository, label, Order(dry_run=dry_run, report=report)))


@memory.command("rebuild")
def memory_rebuild() -> None:
    """Make the index of vectors anew from the store, and vectors that are missing. Stop the bot first.

    Example: first-responder memory rebuild
    """
    from bot.remembering import rebuild

    raise typer.Exit(rebuild(os.environ))


@memory.command("search")
def memory_search(
    words: Annotated[list[str], typer.Argument(help="What you would ask in Slack.")],
    service: Annotated[str, typer.Option(help="Of this service rather than others.", metavar="NAME")] = "",
    most: Annotated[int, typer.Option(help="How many of each kind at the most.", min=1, max=50)] = 5,
) -> None:
    """Past incidents and runbook pages that fit some words, and why they do.

    Example: first-responder memory search connection pool used up
    """
    from bot.remembering_search import search

    raise typer.Exit(search(os.environ, " ".join(words), service, most))


@memory.command("stats")
def memory_stats() -> None:
    """How much is remembered, and whether vectors are there.

    Example: first-responder memory stats
    """
    from bot.remembering import stats

    raise typer.Exit(stats(os.environ))


@memory.command("forget")
def memory_forget(
    incident: Annotated[str, typer.Argument(help="Its id, as INC-2026-0042 or PD-4711.", metavar="ID")],
    yes: Yes = False,
) -> None:
    """Delete an incident with all that was said, stored and learned of it.

    Example: first-responder memory forget PD-4711
    """
    from bot.forgetting import forget

    raise typer.Exit(forget(os.environ, incident, yes=yes))


@memory.command("retain")
def memory_retain(
    days: Annotated[int | None, typer.Option(help="How long to keep; by default RETENTION_DAYS.", metavar="N")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; tell what would be.")] = False,
    yes: Yes = False,
) -> None:
    """Forget incidents that are older than so many days.

    Example: first-responder memory retain --days 730 --dry-run
    """
    from bot.forgetting import retain

    raise typer.Exit(retain(os.environ, days, dry_run=dry_run, yes=yes))


@memory.command("pages")
def memory_pages() -> None:
    """Read the runbook pages of RUNBOOK_PAGES anew, and tell which links lead nowhere.

    Example: RUNBOOK_PAGES=docs/runbooks first-responder memory pages
    """
    from bot.remembering import pages

    raise typer.Exit(pages(os.environ))


@runbook.command("lint")
def runbook_lint(
    path: Annotated[Path | None, typer.Argument(help="A folder or a file; by default RUNBOOKS_DIR.")] = None,
) -> None:
    """Tell all that is wrong with runbooks, with file, line and remedy. Exits with 1 where anything is.

    Example: first-responder runbook lint runbooks/high-memory.yaml
    """
    from bot.runbook_files import lint

    raise typer.Exit(lint(os.environ, path))


@runbook.command("show")
def runbook_show(id: Annotated[str, typer.Argument(help="The runbook's id.", metavar="ID")]) -> None:
    """What a runbook would do, step by step, and what it must be told.

    Example: first-responder runbook show high-memory
    """
    from bot.runbook_files import show

    raise typer.Exit(show(os.environ, id))


@runbook.command("schema")
def runbook_schema() -> None:
    """The JSON Schema of a runbook's file, for editors.

    Example: first-responder runbook schema
    """
    from bot.runbook_files import schema

    raise typer.Exit(schema())


@audit.command("verify")
def audit_verify(
    file: Annotated[Path | None, typer.Argument(help="A file that `audit export` wrote; by default the store.")] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(help="Checkpoints that were kept; by default AUDIT_CHECKPOINTS.", metavar="FILE")
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(help="The key of their signatures; by default that of AUDIT_KEY_FILE.", metavar="FILE"),
    ] = None,
) -> None:
    """Find every edit, deletion and change of order of the audit log, and a cut end by its checkpoints. Exits with 1
    where anything is wrong.

    Example: first-responder audit verify --checkpoints audit-checkpoints.jsonl
    """
    from bot.auditing import verify_log

    raise typer.Exit(verify_log(os.environ, file, checkpoints, public_key))


@audit.command("export")
def audit_export(
    file: Annotated[Path | None, typer.Argument(help="Where to; by default the standard output.")] = None,
) -> None:
    """Write the audit log as JSON lines, the oldest entry first.

    Example: first-responder audit export audit.jsonl
    """
    from bot.auditing import export_log

    raise typer.Exit(export_log(os.environ, file))


@audit.command("checkpoint")
def audit_checkpoint() -> None:
    """How many entries there are and the last one's hash, as a line of JSON: to be kept elsewhere.

    Example: first-responder audit checkpoint
    """
    from bot.auditing import tell_checkpoint

    raise typer.Exit(tell_checkpoint(os.environ))


def _load() -> tuple[Any, Mapping[str, Any]]:
    from bot.settings import load
    from integrations.registry import discover

    integrations = discover()
    return load(os.environ, integrations), integrations
