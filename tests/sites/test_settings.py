"""Which settings files are refused, with a sentence that names them; and what each command does with several."""

import json
from pathlib import Path

import pytest

from petition.sites import usable
from tests.shell import Shell
from tests.sites.conftest import shell_for, write_settings


@pytest.fixture
def two(tmp_path: Path) -> Shell:
    """Two campaigns that share nothing."""
    for name in ("alder", "birch"):
        write_settings(tmp_path, name, 8000)
    return shell_for(tmp_path)


def faults(folder: Path) -> dict[str, str]:
    """By the name of the campaign; the others can be used."""
    sites, broken = usable.read({}, folder / "sites")
    found = {one.name: str(one.error) for one in broken}
    assert not set(found) & {site.name for site in sites}
    return found


def test_two_that_share_nothing_are_taken(tmp_path: Path, two: Shell) -> None:
    assert faults(tmp_path) == {}


ONION = f"http://{'a' * 55}d.onion"
SHARED = {
    "host name localhost": {"PETITION_BASE_URL": "http://LOCALHOST:9"},
    "host name aaaa": {"PETITION_ONION_URL": ONION},
    "database": {"PETITION_DATABASE_URL": "postgresql://one@DB.example/p"},
    "same database": {"PETITION_VAR": "{folder}/x/../shared"},
    "PETITION_OUTBOX_KEYS": {"PETITION_OUTBOX_KEYS": "{folder}/keys"},
    "PETITION_PROBE_MAILDIR": {"PETITION_PROBE_MAILDIR": "{folder}/probe"},
    "mailbox (PETITION_PROBE_EMAIL)": {"PETITION_PROBE_EMAIL": "k3xq7v2m@petition.example"},
    "key (PETITION_SECRET_KEY)": {"PETITION_SECRET_KEY": "k" * 40},
    "key (PETITION_EMAIL_KEY)": {"PETITION_EMAIL_KEY": "k" * 40},
    "key (PETITION_LETTERS_KEY)": {"PETITION_LETTERS_KEY": "k" * 40},
    "PETITION_DESK_KEY_FILE": {"PETITION_DESK_KEY_FILE": "{folder}/desk"},
}


@pytest.mark.parametrize(("what", "values"), SHARED.items(), ids=SHARED)
def test_what_two_share_is_refused_with_both_names(tmp_path: Path, what: str, values: dict[str, str]) -> None:
    (tmp_path / "desk").write_text("d" * 40)
    write_settings(tmp_path, "cedar", 8000)
    for name in ("alder", "birch"):
        write_settings(tmp_path, name, 8000, **{k: v.format(folder=tmp_path) for k, v in values.items()})
    found = faults(tmp_path)
    assert set(found) == {"alder", "birch"}
    for part in ("alder.env", "birch.env", what, "each campaign needs its own"):
        assert part in found["alder"]
    assert found["birch"] == found["alder"]
    assert "k" * 40 not in found["alder"]


def test_two_names_of_one_database_are_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name, place in (("alder", "real"), ("birch", "link")):
        write_settings(tmp_path, name, 8000, PETITION_DATABASE_URL=f"sqlite:///{tmp_path}/{place}/petition.db")
    assert "same database" in faults(tmp_path)["birch"]
    write_settings(tmp_path, "alder", 8000, PETITION_DATABASE_URL="postgresql://u:p@one:5432,two/petition?ssl=on")
    write_settings(tmp_path, "birch", 8000, PETITION_DATABASE_URL="postgresql://v@two/petition")
    assert "same database" in faults(tmp_path)["birch"]


def test_the_folder_and_its_files_are_checked(tmp_path: Path, two: Shell) -> None:
    sites = tmp_path / "sites"
    for name, line, sentence in (
        ("birch", "PETITION_SITE=1", "birch.env: PETITION_SITE is not a setting; the nearest is PETITION_SITES."),
        ("birch", "PETITION_SITES=x", "birch.env: PETITION_SITES is no setting of one campaign"),
        ("birch", 'PETITION_VAR="x', "birch.env: PETITION_VAR has a quotation mark"),
        ("Birch Two", "", "Birch Two.env: the name of a campaign has small letters"),
    ):
        (sites / f"{name}.env").write_text(f"{line}\n")
        assert sentence in faults(tmp_path)[name]
        (sites / f"{name}.env").unlink()
    (sites / "birch.env").write_bytes(b"\xff")
    assert faults(tmp_path) == {
        "birch": "birch.env cannot be read: make it a text that the user of the service may read."
    }
    (sites / "birch.env").unlink()
    assert "belongs into the settings file" in Shell(tmp_path, PETITION_SITES=str(sites), PETITION_MODE="demo").fails(
        "serve"
    )
    for file in sites.iterdir():
        file.unlink()
    assert "has no settings file NAME.env" in two.fails("doctor")


@pytest.mark.slow
def test_commands_run_for_each_or_ask_which_one(tmp_path: Path, two: Shell) -> None:
    assert two.fine("migrate").splitlines() == [
        f"{n}: The database has the current schema." for n in ("alder", "birch")
    ]
    assert two.fine("audit").splitlines() == ["alder: All numbers agree.", "birch: All numbers agree."]
    assert two.fine("audit", "--site", "birch") == "All numbers agree.\n"
    for words in (("organiser", "list"), ("close",), ("destroy", "all"), ("letters", "--output", str(tmp_path / "x"))):
        assert two.fails(*words) == "Several campaigns are here (alder, birch): say which one with --site NAME."
    assert two.fails("audit", "--site", "cedar") == "There is no campaign cedar: the campaigns are alder, birch."
    two.fine("backup", str(tmp_path / "saved"))
    assert sorted(file.name for file in tmp_path.glob("saved*")) == ["saved-alder", "saved-birch"]
    found = [json.loads(line)["site"] for line in two.run("doctor", "--json").stdout.splitlines()]
    assert set(found) == {"alder", "birch"}


def test_one_that_is_broken_keeps_no_other_one_from_its_turn(tmp_path: Path, two: Shell) -> None:
    two.fine("migrate")
    (tmp_path / "sites/alder.env").write_text("PETITION_MODE=production\n")
    done = two.run("audit")
    assert (done.returncode, done.stdout) == (1, "birch: All numbers agree.\n")
    assert done.stderr.startswith("alder.env: Production needs ")
    assert two.fine("audit", "--site", "birch")


def test_with_one_campaign_all_is_as_before(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.fine("migrate")
    assert "--site needs PETITION_SITES" in shell.fails("audit", "--site", "alder")
