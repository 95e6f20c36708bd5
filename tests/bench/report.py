"""Tables of results, the goals they are compared with, and the machine they were made on."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from tests import postgres

Cell = str | float
# What, its figure, the bound, and whether this is a minimum (True) or a maximum (False).
GOALS: tuple[tuple[str, str, float, bool], ...] = (
    ("appeal, ratio to fixed bytes, SQLite", "page appeal sqlite", 0.8, True),
    ("appeal, ratio to fixed bytes, PostgreSQL, two workers", "page appeal postgresql", 0.8, True),
    ("appeal, ratio to fixed bytes under the same headers, SQLite", "dressed sqlite", 0.8, True),
    ("appeal, ratio to fixed bytes under the same headers, PostgreSQL", "dressed postgresql", 0.8, True),
    ("sign, ratio to storing nothing, PostgreSQL, two workers", "sign ratio postgresql", 0.7, True),
    ("sign per second, PostgreSQL, two workers", "sign postgresql", 3000, True),
    ("sign per second, SQLite", "sign sqlite", 2000, True),
    ("sign at the offered rate, p99 ms, most rows, SQLite", "p99 sign sqlite", 50, False),
    ("sign at the offered rate, p99 ms, most rows, PostgreSQL", "p99 sign postgresql", 50, False),
    ("confirm at the offered rate, p99 ms, most rows, SQLite", "p99 confirm sqlite", 50, False),
    ("confirm at the offered rate, p99 ms, most rows, PostgreSQL", "p99 confirm postgresql", 50, False),
    ("tally, most rows to a thousand, SQLite", "tally sqlite", 1.2, False),
    ("tally, most rows to a thousand, PostgreSQL", "tally postgresql", 1.2, False),
    ("sign while others misbehave, worst p99 ms, SQLite", "misbehaviour sqlite", 1000, False),
    ("sign while others misbehave, worst p99 ms, PostgreSQL", "misbehaviour postgresql", 1000, False),
    ("MB per worker, SQLite", "memory sqlite", 150, False),
    ("MB per worker, PostgreSQL", "memory postgresql", 150, False),
    ("mails per second and process, SQLite", "mail sqlite", 200, True),
    ("mails per second and process, PostgreSQL", "mail postgresql", 200, True),
    ("first mail at 500 signs/s, p99 seconds, SQLite", "first mail sqlite", 10, False),
    ("first mail at 500 signs/s, p99 seconds, PostgreSQL", "first mail postgresql", 10, False),
)


@dataclass
class Table:
    """A table of measurements, one row per case."""

    title: str
    note: str
    head: str  # names of columns, separated by bars
    rows: list[tuple[Cell, ...]] = field(default_factory=list)

    def add(self, *row: Cell) -> None:
        """Adds a row and prints it at once: a benchmark takes long."""
        self.rows.append(row)
        named = zip(self.head.split(" | "), row, strict=True)
        print(f"{self.title}: " + ", ".join(f"{name} {_text(cell)}" for name, cell in named), flush=True)

    def markdown(self) -> str:
        rule = " | ".join("---" if isinstance(cell, str) else "---:" for cell in self.rows[0])
        lines = [self.head, rule, *(" | ".join(map(_text, row)) for row in self.rows)]
        return f"## {self.title}\n\n{self.note}\n\n" + "\n".join(f"| {line} |" for line in lines) + "\n"


class Report:
    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.figures: dict[str, float] = {}

    def table(self, title: str, note: str, head: str) -> Table:
        """The table with this title; the first call makes it."""
        return self.tables.setdefault(title, Table(title, note, head))

    def goals(self) -> Table:
        """Each goal beside its result; without the goals whose part did not run."""
        table = Table("Goals", "Rows: signatures in the database.", "figure | goal | measured | met")
        for what, name, bound, least in GOALS:
            if (found := self.figures.get(name)) is not None:
                met = found >= bound if least else found <= bound
                goal = f"{'at least' if least else 'at most'} {_text(bound)}"
                table.rows.append((what, goal, found, "yes" if met else "**no**"))
        return table

    def markdown(self, generator: str) -> str:
        """The full text of RESULTS.md."""
        tables = [table for table in (self.goals(), *self.tables.values()) if table.rows]
        return "\n".join([f"# Results of `make bench`\n\n{_machine(generator)}\n", *[t.markdown() for t in tables]])


def middle(values: Sequence[float]) -> float:
    """The median of the rounds."""
    return median(values)


def _text(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.1f}"


def _machine(generator: str) -> str:
    memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    server = f"Python {platform.python_version()}, uvicorn {version('uvicorn')}, uvloop {version('uvloop')}"
    parts = {
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "Machine": f"{os.cpu_count()} cores ({_processor()}), {memory}, {platform.system()} {platform.machine()}",
        "Software": f"{server}, SQLite {sqlite3.sqlite_version}, {_postgresql()}, as they come",
        "Load at saturation": f"{generator}; server, database and load generator share the cores",
        "Each part alone": "`python -m tests.bench sign --rows 0 --databases sqlite`, see `--help`",
        "Figures": "medians of the rounds; ratios are taken within a round, from runs that follow each other",
    }
    return "\n".join(f"- {name}: {value}" for name, value in parts.items())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _postgresql() -> str:
    done = subprocess.run([postgres.binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return f"PostgreSQL {done.stdout.split()[2]}"
