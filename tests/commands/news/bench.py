"""How fast news leave and how much memory they take: `python -m tests.commands.news.bench 10000`.

A real relay on this machine takes every email at once; the journal is on a real disk.
"""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from pyrage import x25519

from petition.core import clock, csv_tables, encryption, outbox_keys
from tests.bench.mail import sinking
from tests.commands.news.mailings import link
from tests.shell import Shell


def main(people: int) -> None:
    """Prints one line for the test email, and one for the mailing."""
    with tempfile.TemporaryDirectory() as name, sinking(Path(name)) as sink:
        folder, identity = Path(name), x25519.Identity.generate()
        vault = encryption.ServerKeys("k" * 32, (str(identity.to_public()),), outbox_keys.OutboxKeys(folder / "keys"))
        sealed = [vault.seal_contact(f"person{n}@example{n % 50}.org", link("en", n)) for n in range(people)]
        rows = [(clock.iso(clock.now()), str(people), text) for text in sealed]
        (folder / "news.csv").write_text(csv_tables.to_csv([("made_at", "of", "sealed_address"), *rows]), newline="")
        (folder / "petition.key").write_text(str(identity))
        (folder / "october").mkdir()
        (folder / "october" / "en.txt").write_text("A text of a usual length. " * 60)
        sender = {"PETITION_SMTP_URL": sink.url, "PETITION_MAIL_FROM": "links@sender.example"}
        shell = Shell(folder, **sender)
        options = (f"--identity={folder / 'petition.key'}", f"--texts={folder / 'october'}", "--per-hour=1000000000")
        for step, stdin in (("--test", "olga@example.net\n"), ("--yes", "")):
            begun = time.perf_counter()
            shell.fine("mail-updates", str(folder / "news.csv"), *options, step, stdin=stdin)
            seconds = time.perf_counter() - begun
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
            sys.stdout.write(
                f"{step}: {people} people, {seconds:.1f} s, {peak} MB at most, {os.getloadavg()[0]:.0f} load\n"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]))
