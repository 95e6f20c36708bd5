"""Volumes of names as PDF. A large one is made in its own process, which frees its memory when it ends."""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime

from petition.core.errors import LetterError
from petition.core.languages import N_
from petition.core.sentences import Sentence
from petition.letters.formats import pdf
from petition.letters.writing.document import Annex

MAX_NAMES_IN_THREAD = 2_000  # typesetting so many is faster than starting a process
_TIMEOUT_SECONDS = 300  # 25,000 names take two seconds
_AT_ONCE = 2  # 230 MB each
# Nothing of ours: the process must not get our secrets. One pool of memory for all threads takes a tenth less (glibc).
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}


async def render_volumes(volumes: list[Annex]) -> list[bytes]:
    """In the order of the volumes; some are made at once. Raises LetterError, as render_volume() does."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def render_in_turn(annex: Annex) -> bytes:
        async with free:
            return await render_volume(annex)

    return await asyncio.gather(*map(render_in_turn, volumes))


async def render_volume(annex: Annex) -> bytes:
    """Raises LetterError if it cannot be typeset, or takes too long."""
    if len(annex.names) <= MAX_NAMES_IN_THREAD:
        return await asyncio.to_thread(pdf.render_annex, annex)
    try:
        return await asyncio.to_thread(_render_in_subprocess, annex)
    except subprocess.TimeoutExpired:
        raise LetterError(
            Sentence(N_("The annex %(annex)s takes too long to be set."), annex=annex.reference)
        ) from None


def _render_in_subprocess(annex: Annex) -> bytes:
    given = [f"The letter {annex.reference}", pdf.annex_tree(annex), int(annex.moment.timestamp())]
    process = subprocess.run(  # noqa: S603 (our own module; user input is only data on stdin)
        (sys.executable, "-m", __name__),
        input=json.dumps(given).encode(),
        capture_output=True,
        env=_ENVIRONMENT,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if process.returncode:
        last_line = process.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        known = last_line.endswith(".")
        raise LetterError(
            Sentence("%(said)s", said=last_line)
            if known
            else Sentence(N_("The annex %(annex)s cannot be set."), annex=annex.reference)
        )
    return process.stdout


def main() -> int:
    """Reads name, tree and moment of an annex as JSON from standard input, writes its PDF to standard output."""
    name, tree, moment = json.load(sys.stdin.buffer)
    try:
        content = pdf.typeset_tree("annex.typ", name, tree, datetime.fromtimestamp(moment, UTC))
    except LetterError as error:
        sys.stderr.write(str(error))
        return 1
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
