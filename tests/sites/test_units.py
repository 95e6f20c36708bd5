"""The units of docs/deploy, their commands run for several campaigns: what is of one campaign stays with it."""

import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest
from pyrage import x25519

from tests import ROOT, relay
from tests.mail.test_bounce_reports import dsn
from tests.shell import Shell
from tests.sites.conftest import Person, people, shell_for, write_production

RETURNS = "/var/spool/petition-returns"
NAMES = ("alder", "birch")


def command(unit: str, *places: tuple[str, str]) -> list[str]:
    """The words of its ExecStart after the program, with other places."""
    words = shlex.split(read(unit, "Service", "ExecStart"))
    if words[0] == "/bin/sh":
        words = shlex.split(words[2].removeprefix("exec ").replace("$$(date +%%F-%%H%%M%%S)", "now"))
    assert words[0] == "/opt/petition/.venv/bin/petition"
    text = shlex.join(words[1:])
    for old, new in places:
        text = text.replace(old, new)
    return shlex.split(text)


def read(unit: str, section: str, name: str) -> str:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of systemd have capitals
    parser.read(ROOT / "docs/deploy" / unit)
    return parser[section][name]


@pytest.mark.slow
def test_each_unit_serves_each_campaign_alone(tmp_path: Path) -> None:
    with relay.running() as one, relay.running() as other:
        relays = dict(zip(NAMES, (one, other), strict=True))
        identities = {name: x25519.Identity.generate() for name in NAMES}
        settings = {
            name: write_production(
                tmp_path,
                name,
                smtp.url,
                PETITION_ALERTS_TO=f"operator@{name}.example",
                PETITION_RECIPIENTS=str(identities[name].to_public()),
            )
            for name, smtp in relays.items()
        }
        shell = shell_for(tmp_path)
        with people(shell, settings, relays) as found:
            for person in found.values():
                person.sign("ada@example.net")
            _reports_reach_their_campaign(tmp_path, shell, found)
        _alerts_come_from_their_campaign(shell, relays)
        _backups_are_of_their_campaign(tmp_path, shell, identities)


def _reports_reach_their_campaign(folder: Path, shell: Shell, found: dict[str, Person]) -> None:
    returns = folder / "returns"
    run = command("petition-bounce.service", (RETURNS, str(returns)))
    reference = found["birch"].smtp.to("ada@example.net")[-1]["X-Reference"]
    report = dsn(reference, to="ada@example.net")
    for name in NAMES:
        for part in ("new", "cur", "tmp"):
            (returns / name / part).mkdir(parents=True)
    (returns / "alder/new/report").write_bytes(report)
    shell.fine(*run)
    assert not list(returns.rglob("report"))
    assert [held(person) for person in found.values()] == [0, 0]
    (returns / "birch/new/report").write_bytes(report)
    watched = read("petition-bounce.path", "Path", "PathExistsGlob").removeprefix(f"{RETURNS}/")
    assert [file.name for file in returns.glob(watched)] == ["report"]
    shell.fine(*run)
    assert [held(found[name]) for name in NAMES] == [0, 1]
    assert "say which one with --site NAME" in shell.fails("bounce", "-")


def held(person: Person) -> int:
    return len(person.rows("select 1 from submissions where state = 'held'"))


def _alerts_come_from_their_campaign(shell: Shell, relays: dict[str, relay.Relay]) -> None:
    before = {name: len(smtp.mails) for name, smtp in relays.items()}
    shell.fine(*command("petition-alert@.service", ("%i", "petition-backup.service")))
    for name, smtp in relays.items():
        (mail,) = smtp.mails[before[name] :]
        assert (mail["To"], mail["From"]) == (f"operator@{name}.example", f"links@{name}.example")
        assert not [other for other in NAMES if other != name and other in mail.as_string()]


def _backups_are_of_their_campaign(folder: Path, shell: Shell, identities: dict[str, x25519.Identity]) -> None:
    """The recipient of one opens nothing of the other."""
    shell.fine(*command("petition-backup.service", ("/var/lib/petition-backup", str(folder))))
    new = str(x25519.Identity.generate().to_public())
    for name, identity in identities.items():
        (folder / f"{name}.key").write_text(str(identity))
    for name, other in (NAMES, NAMES[::-1]):
        words = ("reseal", str(folder / f"now-{name}"), "--to", new, "--output", str(folder / f"resealed-{name}"))
        assert "does not open with this key" in shell.fails(*words, "--identity", str(folder / f"{other}.key"))
        shell.fine(*words, "--identity", str(folder / f"{name}.key"))
