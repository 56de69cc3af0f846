"""Usage lines and mistyped commands in the planner's language; the framework speaks English and of types only."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from ..model.errors import Fault
from .language import Say
from .screen import Screen

INPUT, INTERRUPTED = 2, 130
_KINDS: Final = {
    "NoSuchOption": ("an option that this command knows", "correct the name or leave it out"),
    "MissingParameter": ("one more word", "complete the command"),
    "BadOptionUsage": ("a value after this option", "write a value behind the option"),
    "BadParameter": ("a value that fits this option", "write a whole number, without point or quotation marks"),
    "UsageError": ("a command as the help describes it", "correct the command"),
}
"""What was expected and how to mend it, by the framework's class of the error."""


def command_class(say: Say) -> type[TyperCommand]:
    """A command whose usage line is in the planner's language and names no types of programming."""

    class Command(TyperCommand):
        def format_usage(self, ctx: Any, formatter: Any) -> None:
            formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix=say("Usage: "))

        def get_params(self, ctx: Any) -> list[Any]:
            params: list[Any] = list(super().get_params(ctx))
            for param in params:
                if param.param_type_name == "argument":
                    param.display_type_rich = lambda ctx: ""  # the framework has no option for it
            return params

    return Command


def group_class(say: Say) -> type[TyperGroup]:
    """The group of all commands, with its usage line in the planner's language."""

    class Group(TyperGroup):
        def format_usage(self, ctx: Any, formatter: Any) -> None:
            formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix=say("Usage: "))

    return Group


class CommandLine:
    """All commands; called, it ends the process with the exit code, as the framework's own line does.

    Parameters
    ----------
    app : the commands.
    language : of what is said about a command that cannot be understood.
    """

    def __init__(self, app: typer.Typer, language: str) -> None:
        self.app, self.language = app, language

    def __call__(self, given: Sequence[str], prog_name: str = "quartier") -> None:
        """Run a command."""
        try:
            code = self.app(list(given), prog_name=prog_name, standalone_mode=False)
        except typer.Abort:
            sys.exit(INTERRUPTED)
        except Exception as error:
            if getattr(error, "exit_code", None) != INPUT or not hasattr(error, "format_message"):
                raise
            self._misunderstood(error, given)
            sys.exit(INPUT)
        sys.exit(code if isinstance(code, int) else 0)

    def _misunderstood(self, error: Any, given: Sequence[str]) -> None:
        screen = Screen(self.language)
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.format_message())
            return
        expected, remedy = _KINDS.get(type(error).__name__, _KINDS["UsageError"])
        parameter = getattr(error, "param", None)
        place = getattr(error, "option_name", None) or (max(parameter.opts, key=len) if parameter else None)
        if similar := getattr(error, "possibilities", None):
            remedy = f"did you mean “{sorted(similar)[0]}”?"
        ctx = getattr(error, "ctx", None)
        command = ctx.command_path if ctx else "quartier"
        told = _value(place, given) if place else _quoted(error.format_message())
        told = None if type(error).__name__ == "NoSuchOption" else told
        screen.faults([Fault("usage", "error", place or command, None, None, told, expected, remedy)])
        screen.note(screen.say("Help: {} --help", command))


def _value(option: str, given: Sequence[str]) -> str | None:
    """What was written behind an option."""
    for word, following in zip(given, [*given[1:], ""], strict=True):
        if word == option and following:
            return following
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
    return None


def _quoted(message: str) -> str:
    """The word a message is about; the whole message where it quotes none."""
    found = re.search(r"['(]([^')]+)[')]\.?$", message)
    return found[1] if found else message
