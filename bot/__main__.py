"""The program's entry.

The bot runs for months: what reads a command line (typer and pydantic, 9 MB) stays out of its process.
"""

from __future__ import annotations

import os
import sys

RUN = "run"


def main() -> None:
    """Entry point of the `first-responder` command."""
    from bot.domain.errors import FirstResponderError

    try:
        if sys.argv[1:] == [RUN]:
            _run()
        else:
            _command()
    except FirstResponderError as error:
        import typer

        typer.secho(f"first-responder: {error}", err=True, fg="red")
        sys.exit(2)
    except KeyboardInterrupt:  # before anything handles it
        sys.exit(130)


def _run() -> None:
    from bot.running import run

    run(os.environ)


def _command() -> None:
    from bot.cli import cli

    cli()


if __name__ == "__main__":
    main()
