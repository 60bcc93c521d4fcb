"""The command line. The only reader of the process's environment; everything heavy is imported when it is needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

cli = typer.Typer(
    name="first-responder",
    help="A ChatOps bot for incident response in Slack: evidence first, people decide, nothing lost.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.command()
def run() -> None:
    """Run the bot: accept webhooks, respond to incidents in Slack. Settings come from environment variables."""
    import asyncio

    import uvloop

    from bot.app import FirstResponder
    from bot.log import set_up

    settings, integrations = _load()
    set_up(settings.bot.log_level)
    responder = FirstResponder(settings, integrations)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(responder.serve(on_listening=lambda address: typer.echo(f"accepting webhooks on {address}")))


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


def _load() -> tuple[Any, Mapping[str, Any]]:
    from bot.settings import load
    from integrations.registry import discover

    integrations = discover()
    return load(os.environ, integrations), integrations


def main() -> None:
    """Entry point of the `first-responder` command."""
    from bot.domain.errors import FirstResponderError

    try:
        cli()
    except FirstResponderError as error:
        typer.secho(f"first-responder: {error}", err=True, fg="red")
        sys.exit(2)


if __name__ == "__main__":
    main()
