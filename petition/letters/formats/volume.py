"""A volume of names as PDF. A large one is set in a process of its own, whose memory is given back with it."""

import asyncio
import json
import subprocess
import sys

from petition.core.errors import LetterError
from petition.letters.formats import pdf
from petition.letters.writing.document import Annex, annex_from_dict, to_dict

MAX_NAMES_IN_THREAD = 2_000  # so many are set in less time than a process takes to begin
_TIMEOUT_SECONDS = 300  # 50,000 names take two or three


async def render_volume(annex: Annex) -> bytes:
    """The volume. Raises LetterError if it cannot be set."""
    if len(annex.names) <= MAX_NAMES_IN_THREAD:
        return await asyncio.to_thread(pdf.render_annex, annex)
    try:
        return await asyncio.to_thread(_render_in_subprocess, annex)
    except subprocess.TimeoutExpired:
        raise LetterError(f"The annex {annex.reference} takes too long to be set.") from None


def _render_in_subprocess(annex: Annex) -> bytes:
    command, tree = (
        (sys.executable, "-m", __name__),
        json.dumps(to_dict(annex)).encode(),
    )  # it needs no secret of the environment
    process = subprocess.run(  # noqa: S603 (our own module; what was typed goes in as data)
        command, input=tree, capture_output=True, env={}, timeout=_TIMEOUT_SECONDS, check=False
    )
    if process.returncode:
        last_line = process.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise LetterError(last_line if last_line.endswith(".") else f"The annex {annex.reference} cannot be set.")
    return process.stdout


def main() -> int:
    """One annex from standard input, as JSON; its PDF to standard output."""
    try:
        content = pdf.render_annex(annex_from_dict(json.load(sys.stdin.buffer)))
    except LetterError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
