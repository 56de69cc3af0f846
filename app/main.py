"""The `quartier` command. Everything heavy is imported inside the commands, so that the help appears at once."""
# no `from __future__ import annotations` here: typer reads the annotations while the commands are being built

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from ..model.errors import Fault, InputError
from . import help, machine
from .language import LANGUAGES, VARIABLE, Say, speaker, wanted
from .screen import Screen
from .usage import CommandLine, command_class, group_class

OK, DEFECT, INPUT, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the console command; ends the process with 0 ok, 1 defect of ours, 2 input, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    machine.settle()
    try:
        commands(given)(given, prog_name="quartier")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


@contextmanager
def told(screen: Screen, debug: bool = False) -> Iterator[None]:
    """Turn whatever ends a command early into a message and an exit code."""
    from ..scenarios.executor import ReplicatesFailedError

    try:
        yield
    except InputError as error:
        screen.faults(error.faults)
        screen.note(screen.say("Nothing was computed: {}.", screen.count(error.faults)), "bold")
        raise typer.Exit(INPUT) from None
    except KeyboardInterrupt as error:
        screen.interrupted(getattr(error, "partial", None))
        raise typer.Exit(INTERRUPTED) from None
    except ReplicatesFailedError as error:
        screen.failures(error)
        raise typer.Exit(DEFECT) from None
    except typer.Exit:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            screen.note(screen.say("The results cannot be written; the system says: {}", error.strerror), "bold red")
            raise typer.Exit(DEFECT) from None
        screen.defect(f"{type(error).__name__}: {error}", traceback.format_exc() if debug else None)
        raise typer.Exit(DEFECT) from None


def screen_in(language: str) -> Screen:
    """A screen in a language; an unknown one ends the command."""
    from ..scenarios.request import unknown_choice

    with told(Screen(LANGUAGES[0])):
        if fault := unknown_choice("--language", language, LANGUAGES):
            raise InputError(fault)
    return Screen(language)


def commands(given: list[str]) -> CommandLine:
    """The command line, in the language that its arguments ask for."""
    language = wanted(given)
    say = speaker(language)
    app = typer.Typer(
        cls=group_class(say), add_completion=False, no_args_is_help=True, rich_markup_mode="rich", add_help_option=False
    )

    @app.callback(subcommand_metavar=say("COMMAND"), options_metavar=say("[OPTIONS]"), help=say(help.QUARTIER))
    def quartier(show_help: Annotated[bool, help_option(say)] = False) -> None:
        pass

    from .compare import compare_command
    from .explore import explore_command

    for command in (
        run_command, compare_command, explore_command, check_command, regions_command, scenarios_command, describe_command,
    ):
        function = command(say, language)
        name = function.__name__
        app.command(
            name, cls=command_class(say), help=say(help.COMMANDS[name]), options_metavar=say("[OPTIONS]"), add_help_option=False,
            rich_help_panel=say("Commands"),
        )(function)
    return CommandLine(app, language)


def option(say: Say, *names: str, metavar: str = "", **more: Any) -> Any:
    """An option with its help; those without ``metavar`` are either given or not."""
    return typer.Option(
        *names, help=say(help.OPTIONS[names[0]]), show_default=False, rich_help_panel=say("Options"),
        metavar=say(metavar) if metavar else "", **more,
    )


def language_option(say: Say) -> Any:
    """Which language; the same for all commands."""
    return option(say, "--language", metavar="de|en", envvar=VARIABLE, show_envvar=False)


def help_option(say: Say) -> Any:
    """Our own ``--help``: typer's speaks English only."""

    def show(context: typer.Context, wanted: bool) -> None:
        if wanted:
            typer.echo(context.get_help())
            raise typer.Exit

    return option(say, "--help", is_eager=True, callback=show, expose_value=False)


def region_argument(say: Say) -> Any:
    """Which town."""
    return typer.Argument(help=say(help.REGION), metavar="REGION", show_default=False, rich_help_panel=say("The town"))


def named(region: str, command: str) -> None:
    """Refuse a command that names no town."""
    if not region:
        remedy = f"write for instance `quartier {command} flensburg`; `quartier regions` lists the towns"
        raise InputError(Fault("no_region", "error", "REGION", None, None, None, "the town: a name or a folder", remedy))


def run_command(say: Say, in_language: str) -> Any:
    """`quartier run`."""

    def run(
        region: Annotated[str, region_argument(say)] = "",
        scenario: Annotated[list[str] | None, option(say, "--scenario", "-s", metavar="NAME")] = None,
        until: Annotated[int | None, option(say, "--until", metavar="YEAR")] = None,
        replicates: Annotated[int, option(say, "--replicates", metavar="NUMBER")] = 10,
        seed: Annotated[int, option(say, "--seed", metavar="NUMBER")] = 1,
        workers: Annotated[int | None, option(say, "--workers", metavar="NUMBER")] = None,
        out: Annotated[Path | None, option(say, "--out", metavar="FOLDER")] = None,
        language: Annotated[str, language_option(say)] = in_language,
        rounding: Annotated[str, option(say, "--rounding", metavar="five|ten|none")] = "five",
        resume: Annotated[bool, option(say, "--resume")] = False,
        precision: Annotated[str | None, option(say, "--precision", metavar="PERCENT")] = None,
        max_replicates: Annotated[int | None, option(say, "--max-replicates", metavar="NUMBER")] = None,
        dask: Annotated[str | None, option(say, "--dask", metavar="ADDRESS")] = None,
        check: Annotated[bool, option(say, "--check")] = False,
        debug: Annotated[bool, option(say, "--debug")] = False,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        screen = screen_in(language)
        with told(screen, debug):
            named(region, "run")
            from ..scenarios.request import MOST_REPLICATES, RunRequest
            from ..scenarios.run import run

            if workers is None:
                workers = min(machine.processors(), 4)
            scenarios = tuple(scenario or ["baseline"])
            most = MOST_REPLICATES if max_replicates is None else max_replicates
            request = RunRequest(
                region, scenarios, until, replicates, seed, workers, out, language, rounding, check, resume=resume,
                dask=dask, precision=precision, most_replicates=most,
            )
            with screen.progress() as report:
                finished = run(request, report)
            screen.summary(finished.summary)
            screen.precision(finished.precision, request.precision is not None)
            screen.finished(finished.folder, finished.warnings)

    return run


def check_command(say: Say, in_language: str) -> Any:
    """`quartier check`."""

    def check(
        region: Annotated[str, region_argument(say)] = "",
        language: Annotated[str, language_option(say)] = in_language,
        debug: Annotated[bool, option(say, "--debug")] = False,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        screen = screen_in(language)
        with told(screen, debug):
            named(region, "check")
            from ..model.region.read import check_region, find_region

            faults = check_region(find_region(region, screen.language), screen.language)
            screen.faults(faults, screen.out)
            errors = [f for f in faults if f.severity == "error"]
            verdict = "This town's tables cannot be used yet." if errors else "This town's tables can be used."
            screen.line(f"{screen.count(faults)}. {screen.say(verdict)}", "bold")
            raise typer.Exit(INPUT if errors else OK)

    return check


def regions_command(say: Say, in_language: str) -> Any:
    """`quartier regions`."""

    def regions(
        language: Annotated[str, language_option(say)] = in_language,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        from .lists import show_regions

        show_regions(screen_in(language))

    return regions


def scenarios_command(say: Say, in_language: str) -> Any:
    """`quartier scenarios`."""

    def scenarios(
        schema: Annotated[bool, option(say, "--schema")] = False,
        language: Annotated[str, language_option(say)] = in_language,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        from .lists import print_schema, show_scenarios

        if schema:
            print_schema()
        else:
            show_scenarios(screen_in(language))

    return scenarios


def describe_command(say: Say, in_language: str) -> Any:
    """`quartier describe`."""

    def describe(
        language: Annotated[str, language_option(say)] = in_language,
        show_help: Annotated[bool, help_option(say)] = False,
    ) -> None:
        from .lists import show_step

        show_step(screen_in(language))

    return describe
