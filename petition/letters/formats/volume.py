"""A volume of names as PDF. A large one is made in its own process, which frees its memory when it ends."""

import asyncio
import json
import subprocess
import sys

from petition.core.errors import LetterError
from petition.letters.formats import pdf
from petition.letters.writing.document import Annex, annex_from_dict, to_dict

MAX_NAMES_IN_THREAD = 2_000  # typesetting so many is faster than starting a process
_TIMEOUT_SECONDS = 300  # 50,000 names take two or three seconds


async def render_volume(annex: Annex) -> bytes:
    """Raises LetterError if it cannot be typeset, or takes too long."""
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
    )
    # The environment is empty: the process must not get our secrets.
    process = subprocess.run(  # noqa: S603 (our own module; user input is only data on stdin)
        command, input=tree, capture_output=True, env={}, timeout=_TIMEOUT_SECONDS, check=False
    )
    if process.returncode:
        last_line = process.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise LetterError(last_line if last_line.endswith(".") else f"The annex {annex.reference} cannot be set.")
    return process.stdout


def main() -> int:
    """Reads one annex as JSON from standard input, writes its PDF to standard output."""
    try:
        content = pdf.render_annex(annex_from_dict(json.load(sys.stdin.buffer)))
    except LetterError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
