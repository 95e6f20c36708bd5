"""A mailing as an organiser has it on their machine: a file from the desk, an identity, texts, and a relay."""

import argparse
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from petition.commands.news import command
from petition.core import clock, csv_tables, encryption, outbox_keys
from petition.core.errors import PetitionError
from tests.conftest import IDENTITY
from tests.relay import Relay

SITE = "https://petition.example"
LANGUAGES = ("pl", "en", "lt")
BODIES = {"en": "News in English, three sentences long.", "pl": "Wiadomości po polsku, trzy zdania. Zażółć."}


def link(code: str, n: int, site: str = SITE) -> str:
    return f"{site}/{code}/unsubscribe/{n:032}"


class OwnMachine:
    """`people`: address and link of each; `said`: what the last run printed."""

    def __init__(self, folder: Path, relay: Relay, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch):
        self.folder, self.relay, self._capture, self._patch = folder, relay, capture, patch
        self.people = {f"person{n}@example{n % 4}.org": link(LANGUAGES[n % 3], n) for n in range(7)}
        self.said = ""
        self.file, self.identity, self.texts = folder / "news.csv", folder / "petition.key", folder / "october"
        self.identity.write_text(f"# created\n{IDENTITY}\n")
        self.texts.mkdir()
        for code, body in BODIES.items():
            (self.texts / f"{code}.txt").write_text(body, "utf-8")
        self.export()
        patch.setenv("PETITION_SMTP_URL", relay.url)
        patch.setenv("PETITION_MAIL_FROM", "Links <links@sender.example>")

    @property
    def journal(self) -> Path:
        return self.texts / "journal"

    def export(self, recipient: Any = None, age: int = 0, more: Mapping[str, str] | None = None) -> None:
        """The file from the desk; `age` in seconds."""
        keys = outbox_keys.OutboxKeys(self.folder / "keys")
        vault = encryption.ServerKeys("k" * 32, (str(recipient or IDENTITY.to_public()),), keys)
        made_at = clock.iso(clock.from_epoch(clock.epoch() - age))
        pairs = [*self.people.items(), *(more or {}).items()]
        rows = [(made_at, str(len(pairs)), vault.seal_contact(*pair)) for pair in pairs]
        self.file.write_text(csv_tables.to_csv([("made_at", "of", "sealed_address"), *rows]), "utf-8", newline="")

    @property
    def arguments(self) -> list[str]:
        options = {"identity": self.identity, "texts": self.texts, "fallback": "en", "per-hour": 10**9}
        return [str(self.file), *(f"--{name}={value}" for name, value in options.items())]

    def run(self, *more: str, stdin: str = "") -> int:
        """petition mail-updates; its exit code. No address is printed or written."""
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        parser = argparse.ArgumentParser()
        command.register(parser.add_subparsers())
        arguments = parser.parse_args(["mail-updates", *self.arguments, *more])
        try:
            code = int(arguments.verb(arguments))
        except PetitionError as error:
            code = 1
            print(error)  # noqa: T201 (as the command line does)
        self.said = "".join(self._capture.readouterr())
        self.assert_quiet()
        return code

    def send(self, *more: str) -> int:
        return self.run("--yes", *more)

    def tested(self) -> None:
        assert self.run("--test", stdin="Olga@Example.net\n") == 0, self.said
        self.relay.mails.clear()
        self.relay.recipients.clear()

    def assert_quiet(self) -> None:
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        texts = [self.said, *(file.read_text("utf-8", "replace") for file in files)]
        assert [text for text in texts for address in self.people if address.partition("@")[0] in text.lower()] == []

    def refuse(self, answer: str, *addresses: str) -> None:
        """The relay's answer to emails to these addresses."""
        refused: Callable[[Any], str] = lambda envelope: (  # noqa: E731 (one line says it)
            answer if {*envelope.rcpt_tos} & {*addresses} else "250 2.0.0 accepted"
        )
        self.relay.data = refused
