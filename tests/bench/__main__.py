"""`make bench`: how much the site does per second here, each figure beside its floor. Only loopback, limited time.

`python -m tests.bench sign pages --rows 0 --databases sqlite --rounds 2` runs some parts. Only a run of all parts
writes RESULTS.md. Figures change with what else the machine does: the ratios within one round say more.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import bare, ciphers, floods, kinds, letters, load, mail, pages, signing, tally
from tests.bench.report import Report
from tests.bench.stage import Stage, database
from tests.postgres import free_port

RESULTS = Path(__file__).with_name("RESULTS.md")
PARTS = ("pages", "sign", "tally", "mail", "kinds", "floods", "bare", "ciphers", "letters")
FEW = 1000  # signatures; the cost of the tally is compared with this size


def main() -> None:
    given, report = _arguments(), Report()
    for kind in given.databases.split(","):
        for signatures in sorted(map(int, given.rows.split(","))):
            if {"sign", "tally"} & set(given.parts):
                _sized(kind, signatures, given, report)
        _plain(kind, given, report)
    if "ciphers" in given.parts:
        ciphers.measure(report)
    if "letters" in given.parts:
        with _stage("sqlite") as stage:
            letters.measure(stage, report)
    for table in (report.goals(), *report.tables.values()):
        print(f"\n{table.markdown()}" if table.rows else "")
    if given.parts == list(PARTS):
        RESULTS.write_text(report.markdown(load.generator()), "utf-8")


def _sized(kind: str, signatures: int, given: argparse.Namespace, report: Report) -> None:
    """Measures what may depend on the number of signatures."""
    with _stage(kind) as stage:
        begun = time.perf_counter()
        stage.fill(signatures)
        if signatures:
            seconds = time.perf_counter() - begun
            table = report.table("Filling", "As `petition demo` does.", "database | signatures | seconds | per second")
            table.add(kind, signatures, seconds, signatures / seconds)
        if "sign" in given.parts:
            signing.measure(stage, kind, signatures, given.rounds, given.seconds, given.rate, report)
        if "tally" in given.parts and signatures > FEW:
            with _stage(kind) as few:
                few.fill(FEW)
                tally.measure(few, stage, kind, (FEW, signatures), report)


def _plain(kind: str, given: argparse.Namespace, report: Report) -> None:
    """Measures what does not depend on the number of signatures."""
    if {"pages", "kinds", "floods"} & set(given.parts):
        with _stage(kind) as stage:
            if "pages" in given.parts:
                pages.measure(stage, kind, given.rounds, given.seconds, report)
            if "kinds" in given.parts:
                kinds.measure(stage, kind, report)
            if "floods" in given.parts:
                floods.measure(stage, kind, min(given.rounds, 3), given.seconds, report)
    if "mail" in given.parts:
        with (
            tempfile.TemporaryDirectory() as folder,
            mail.sinking(Path(folder)) as sink,
            _stage(kind, sink.url) as stage,
        ):
            mail.measure(stage, sink, kind, report)
        port = free_port()
        with tempfile.TemporaryDirectory() as folder, _stage(kind, f"smtp://127.0.0.1:{port}?tls=no") as stage:
            mail.measure_return(stage, Path(folder), port, kind, report)
    if "bare" in given.parts:
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            bare.measure(kind, url, given.seconds, report)


@contextmanager
def _stage(kind: str, smtp_url: str = "smtp://127.0.0.1:1?tls=no") -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="petition-bench-") as folder, database(kind, Path(folder)) as url:
        yield Stage(Path(folder), url, smtp_url)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"{', '.join(PARTS)}; all of them without any")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--rows", default="0,1000000,10000000", help="signatures in the database while people sign")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each run at saturation; twice as long at a rate")
    parser.add_argument("--rate", type=float, default=350, help="signatures offered a second")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(unknown)}")
    return given


if __name__ == "__main__":
    main()
