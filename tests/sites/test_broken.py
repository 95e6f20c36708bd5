"""One wrong settings file stops no other campaign, and a sentence names it; put right, it is served after a restart."""

from pathlib import Path

import pytest

from tests import relay
from tests.relay import Relay
from tests.shell import Shell
from tests.sites.conftest import Person, people, shell_for, write_production

Values = dict[str, str]
FILES = ("typo", "quote", "text", "gone", "folder", "key", "campaign", "demo")  # each has another fault, called so
PAIRS = (("oak", "pine"), ("elm", "fir"), ("ash", "yew"))  # the same database, folder, host name
SENTENCES = {
    "typo": "typo.env: PETITION_ALERT_TO is not a setting; the nearest is PETITION_ALERTS_TO.",
    "quote": "quote.env: PETITION_MAIL_FROM has a quotation mark without its other half.",
    "text": "text.env cannot be read: make it a text that the user of the service may read.",
    "gone": "gone.env cannot be read: make it a text that the user of the service may read.",
    "folder": "cannot be used (Not a directory): let the user of the service read and write it.",
    "key": "key.env: This database was made with another PETITION_EMAIL_KEY",
    "campaign": "campaign.env: ",
    "demo": "demo.env: PETITION_MODE is demo, and another campaign here is in production",
    "oak": "oak.env and pine.env have the same database: each campaign needs its own.",
    "elm": "elm.env and fir.env have the same folder ",
    "ash": "ash.env and yew.env have the same host name ash.example",
}
RESTART = "The other campaigns are served; restart when this is put right."


class Installation:
    """Sixteen campaigns in production, all of them right; break_all() plants a fault in all but alder and birch."""

    def __init__(self, folder: Path, smtp: Relay) -> None:
        self.folder, self.smtp, self.shell = folder, smtp, shell_for(folder)
        names = ("alder", "birch", *FILES, *(name for pair in PAIRS for name in pair))
        self.settings = {name: write_production(folder, name, smtp.url) for name in names}
        self.right = {name: self.file(name).read_bytes() for name in names}

    def file(self, name: str) -> Path:
        return self.folder / "sites" / f"{name}.env"

    def add(self, name: str, line: str) -> None:
        self.file(name).write_text(f"{self.right[name].decode()}{line}\n")

    def break_all(self) -> None:
        here = self.folder
        (here / "a-file").write_text("where a folder should be")
        self.add("typo", "PETITION_ALERT_TO=eve@example.org")
        self.add("quote", 'PETITION_MAIL_FROM="Links <links@quote.example>')
        self.file("text").write_bytes(self.right["text"] + b"# \xff\n")
        self.file("gone").unlink()
        self.file("gone").symlink_to(here / "nowhere")
        self.add("folder", f"PETITION_OUTBOX_KEYS={here}/a-file/keys")
        self.add("key", f"PETITION_EMAIL_KEY={'x' * 40}")
        (here / "campaigns/campaign/campaign.toml").write_text("no = [toml")
        self.add("demo", "PETITION_MODE=demo\nPETITION_BASE_URL=http://localhost:8000")
        self.add("pine", f"PETITION_DATABASE_URL={self.settings['oak']['PETITION_DATABASE_URL']}")
        self.add("fir", f"PETITION_VAR={self.settings['elm']['PETITION_VAR']}")
        self.add("yew", "PETITION_BASE_URL=https://ash.example")

    def put_right(self, toml: bytes) -> None:
        self.file("gone").unlink()
        for name, content in self.right.items():
            self.file(name).write_bytes(content)
        (self.folder / "campaigns/campaign/campaign.toml").write_bytes(toml)


@pytest.mark.slow
def test_each_fault_is_said_and_the_others_are_served(tmp_path: Path) -> None:
    with relay.running() as smtp:
        made = Installation(tmp_path, smtp)
        toml = (tmp_path / "campaigns/campaign/campaign.toml").read_bytes()
        relays = dict.fromkeys(made.settings, smtp)
        with people(made.shell, made.settings, relays) as found:
            for person in found.values():
                assert person.ask("GET", "/en/").status_code == 200
            found["key"].sign("ada@example.org")  # from now on its key cannot be changed
        made.break_all()
        _commands_say_it(made)
        made.shell.command = ("/bin/sh", "-c", f'exec "$@" 2> {tmp_path}/said', "sh", *Shell.command)
        with people(made.shell, made.settings, relays) as found:
            for name in ("alder", "birch"):
                assert found[name].ask("POST", found[name].sign("eve@example.org")).status_code == 303
                assert found[name].confirmed() == 1
            for name in set(found) - {"alder", "birch", "demo", "yew"}:  # two have no name of their own now
                _is_away(found[name], set(found) - {name})
        said = (tmp_path / "said").read_text()
        assert "Traceback" not in said
        for name, sentence in SENTENCES.items():
            assert [line for line in said.splitlines() if sentence in line and line.endswith(RESTART)], (name, said)
        made.put_right(toml)
        made.shell.command = Shell.command
        with people(made.shell, made.settings, relays) as found:
            for person in found.values():
                assert person.ask("GET", "/en/").status_code == 200, person.name
        assert {line.partition(":")[2] for line in made.shell.fine("audit").splitlines()} == {" All numbers agree."}


def _is_away(person: Person, others: set[str]) -> None:
    # The name of "gone" is unknown, and who asks under an unknown name whether this machine is ready gets an answer.
    ready = () if person.name == "gone" else (("GET", "/readyz"),)
    for method, path in (("GET", "/en/"), ("POST", "/en/sign"), ("GET", "/metrics"), *ready):
        answer = person.ask(method, path)
        assert (answer.status_code, answer.text) == (503, "Please try again later."), person.name
        assert answer.headers["retry-after"] == "300"
        assert answer.headers["cache-control"] == "no-store"
        told = repr(answer.headers.multi_items()) + answer.text
        assert not [name for name in others if f"{name}.example" in told]


def _commands_say_it(made: Installation) -> None:
    done = made.shell.run("backup", str(made.folder / "saved"))
    assert done.returncode == 1
    assert {"saved-alder", "saved-birch"} <= {file.name for file in made.folder.glob("saved-*")}
    for name in ("typo", "quote", "text", "demo", "oak", "elm", "ash"):
        assert [line for line in done.stderr.splitlines() if SENTENCES[name] in line], name
        assert not (made.folder / f"saved-{name}").exists()
    for name in ("key", "campaign"):
        assert [line for line in done.stderr.splitlines() if line.startswith(f"{name}: ")], done.stderr
    assert "Traceback" not in done.stderr
    for one, other in PAIRS:
        for name in (one, other):
            assert made.shell.fails("migrate", "--site", name) == made.shell.fails("migrate", "--site", one)
