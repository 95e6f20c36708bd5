"""Runs `petition log …` in this process, as the command line does."""

import argparse
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from petition.core.errors import PetitionError
from petition.log import commands


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def failures(self) -> list[str]:
        return [line.removeprefix("FAIL  ") for line in self.out.splitlines() if line.startswith("FAIL")]

    @property
    def notes(self) -> list[str]:
        return [line.removeprefix("note  ") for line in self.out.splitlines() if line.startswith("note")]


def run(*words: object) -> Done:
    parser = argparse.ArgumentParser("petition log")
    commands.register(parser.add_subparsers(required=True))
    arguments = parser.parse_args(list(map(str, words)))
    out, err, code = io.StringIO(), io.StringIO(), 1
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = arguments.verb(arguments)
        except PetitionError as error:
            print(error, file=err)
    return Done(code, out.getvalue(), err.getvalue())
