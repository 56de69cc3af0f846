"""What the planner sees: faults, progress, tables. Results go to the standard output, all else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..model.errors import Fault
from .language import retold, speaker

if TYPE_CHECKING:
    from pathlib import Path

    from ..outputs.summary import Summary
    from ..scenarios.executor import ReplicatesFailedError
    from ..scenarios.precision import Precision
    from ..scenarios.run import Report

STAGES = {
    "read": "Reading region and scenarios",
    "synthesise": "Building the population",
    "simulate": "Simulating",
    "write": "Writing results",
}


class Screen:
    """Prints in one language. Texts from files are printed as they are, never as markup.

    Parameters
    ----------
    language : ``de`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self.language: Literal["de", "en"] = "en" if language == "en" else "de"
        self.say = speaker(language)
        self.out = Console(highlight=False, markup=False, emoji=False)
        self.err = Console(stderr=True, highlight=False, markup=False, emoji=False)

    def line(self, text: str = "", style: str = "") -> None:
        """One line of results."""
        self.out.print(Text(text, style))

    def note(self, text: str, style: str = "") -> None:
        """One line beside the results."""
        self.err.print(Text(text, style))

    def faults(self, faults: Sequence[Fault], console: Console | None = None) -> None:
        """Every fault: place, what was found, what was expected, how to mend it."""
        console = self.err if console is None else console
        words = {"error": (self.say("Error"), "red"), "warning": (self.say("Warning"), "yellow")}
        for fault in faults:
            word, colour = words[fault.severity]
            console.print(Text.assemble((word, f"bold {colour}"), "  ", (self.place(fault), "bold")))
            table = Table.grid(padding=(0, 2))
            if fault.value:
                table.add_row(Text(self.say("found"), "dim"), Text(fault.value))
            for name, text in (("expected", fault.expected), ("remedy", fault.remedy)):
                table.add_row(Text(self.say(name), "dim"), Text(retold(text, self.language)))
            console.print(Padding(table, (0, 0, 1, 2)))

    def failures(self, error: ReplicatesFailedError) -> None:
        """Which replicates failed, and where whoever mends it finds the details."""
        for failure in error.failures:
            values = (failure.replicate, failure.scenario, failure.reason.strip().splitlines()[-1])
            self.note(self.say("Replicate {} of scenario {} failed: {}", *values), "bold red")
        self.note(self.say(
            "This is a defect of Quartier, not of your figures. The file error.log, for whoever mends it, lies in {}",
            error.partial,
        ))

        self.note(self.say("The replicates that are done are kept; the same command with --resume tries only the others."))

    def interrupted(self, partial: Path | None) -> None:
        """Ctrl-C, and whether there is anything to go on from."""
        if partial is None:
            self.note(self.say("Interrupted; no results were kept."), "bold")
            return
        self.note(self.say("Interrupted. What is done lies in {}", partial), "bold")
        self.note(self.say("The same command with --resume goes on from there and gives the same results."))

    def precision(self, precision: Precision | None, wished: bool) -> None:
        """How sure the means are, and how many replicates would make them surer."""
        from ..outputs.summary import grouped, short_labels

        if precision is None or precision.replicates < 2:
            self.line(self.say("From two replicates on, Quartier says how sure the means are."), "dim")
            return
        figures = [figure for figure in precision.worst() if figure.mean]
        percent = self._percent(precision.wished, 1 if precision.wished < 0.1 else 0)
        self.line(self.say("How sure the means of the last year are ({} replicates)", precision.replicates), "bold")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("", self.say("mean"), "± 95 %", self.say("in %"), self.say("replicates for {}", percent)):
            table.add_column(title, justify="right" if title else "left", no_wrap=True)
        labels = short_labels(self.language)
        for figure in figures:
            needed = self.say("too many") if figure.needed is None else grouped(figure.needed)
            half = self._decimal(figure.half_width * figure.mean)
            shares = (half, self._percent(figure.half_width, 2), needed)
            table.add_row(labels[figure.indicator], grouped(figure.mean), *shares)
        self.out.print(table)
        self.line(self.say("Of several scenarios the least sure one. More replicates narrow this, not the 10–90 % range."), "dim")
        if wished and not precision.reached:
            self.line(self.say("The precision wished for was not reached; --max-replicates stopped the run."), "yellow")

    def _decimal(self, value: float, digits: int = 1) -> str:
        text = f"{value:.{digits}f}"
        return text.replace(".", ",") if self.language == "de" else text

    def _percent(self, share: float, digits: int) -> str:
        return f"{self._decimal(100 * share, digits)} %"

    def defect(self, what: str, details: str | None) -> None:
        """A defect of ours, with the traceback if it was asked for."""
        self.note(self.say("This is a defect of Quartier, not of your figures: {}", what), "bold red")
        self.note(details or self.say("Please run the same command with --debug and report what it shows."))

    def finished(self, folder: Path, warnings: Sequence[Fault]) -> None:
        """Where the results are, what is odd in a scenario, and whether the region's tables deserve a second look."""
        self.line()
        self.line(self.say("Results: {}", folder), "bold")
        self.line(self.say("forecast.xlsx opens in Excel, the pictures lie in charts."))
        of_scenarios = [w for w in warnings if w.file.endswith(".toml") and w.file != "region.toml"]
        of_tables = [w for w in warnings if w not in of_scenarios]
        if of_scenarios:
            self.line()
            self.faults(of_scenarios, self.out)
        if of_tables:
            self.line(self.say("The town's tables: {}; `quartier check` shows more.", self.count(of_tables)), "yellow")

    def summary(self, summary: Summary) -> None:
        """The short table at the end of a run; one block per scenario, notes below."""
        for scenario in dict.fromkeys(row.scenario for row in summary.rows):
            self.line(f"{summary.title}: {scenario}", "bold")
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
            table.add_column("")
            for year in summary.years:
                table.add_column(str(year), justify="right", no_wrap=True)
            table.add_column("", no_wrap=True, style="dim")  # ranges of the last year only, to fit 80 columns
            for row in (row for row in summary.rows if row.scenario == scenario):
                means = [value.partition(" (")[0] for value in row.values]
                _, bracket, spread = row.values[-1].partition(" (")
                table.add_row(Text(row.label), *map(Text, means), Text((bracket + spread).strip()))
            self.out.print(table)
            self.line()
        for note in summary.notes:
            self.line(note, "dim")

    def place(self, fault: Fault) -> str:
        """Where a fault lies, e.g. ``population.csv, Zeile 7, Spalte persons``."""
        column = self.say("key") if fault.file.endswith(".toml") else self.say("column")
        parts = [retold(fault.file, self.language)]
        parts += [f"{self.say('line')} {fault.row}"] if fault.row is not None else []
        return ", ".join(parts + ([f"{column} {fault.column}"] if fault.column is not None else []))

    def date(self, day: date) -> str:
        """A day as the language writes it."""
        return f"{day:%d.%m.%Y}" if self.language == "de" else f"{day:%Y-%m-%d}"

    def count(self, faults: Sequence[Fault]) -> str:
        """E.g. ``2 Fehler, 1 Hinweis``; ``kein Fehler`` where there is nothing."""
        if not faults:
            return self.say("No error")
        errors = sum(f.severity == "error" for f in faults)
        warnings = len(faults) - errors
        parts = [(errors, "1 error", "{} errors"), (warnings, "1 warning", "{} warnings")]
        return ", ".join(self.say(one) if n == 1 else self.say(many, n) for n, one, many in parts if n)

    @contextmanager
    def progress(self) -> Iterator[Report]:
        """A bar with the steps done and the time left; without a terminal one plain line per stage."""
        if not self.err.is_terminal:
            yield self._plain()
            return
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[beside]}"))
        with Progress(*columns, console=self.err, transient=True) as bar:
            task = bar.add_task("", total=None, beside="")

            def report(stage: str, done: int, total: int) -> None:
                known: dict[str, Any] = {"description": self.say(STAGES[stage]), "total": None, "beside": ""}
                if stage == "simulate":
                    known |= {"total": total, "beside": self._beside(done, total, bar.tasks[0].time_remaining)}
                if done == 0:
                    bar.reset(task, **known)
                bar.update(task, completed=done, **known)

            yield report

    def _beside(self, done: int, total: int, seconds: float | None) -> str:
        """What stands beside the bar: the quarters computed and the time left."""
        if done == 0:
            return self.say("getting ready (longer at the first run)")
        counted = self.say("{} of {} quarters", done, total)
        if seconds is None:
            return counted
        left = self.say("{} s", round(seconds)) if seconds < 90 else self.say("{} min", round(seconds / 60))
        return self.say("{}, {} left", counted, left)

    def _plain(self) -> Report:
        seen: set[tuple[str, int]] = set()

        def report(stage: str, done: int, total: int) -> None:
            tenth = 10 * done // total if stage == "simulate" and total else 0
            if (stage, tenth) in seen:
                return
            seen.add((stage, tenth))
            percent = f" {10 * tenth} %" if tenth else " …"
            print(self.say(STAGES[stage]) + percent, file=sys.stderr, flush=True)

        return report
