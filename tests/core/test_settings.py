"""The settings: what is read from an environment, and one sentence for each value that does not fit."""

import re
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from petition.core.errors import SettingsError
from petition.core.settings import Mode, Settings, from_environment, readme_table
from tests import ROOT, readme
from tests.conftest import IDENTITY

SECRET = "x7Qm2_a-secret-of-thirty-two-characters"


@pytest.fixture
def demo(tmp_path: Path) -> dict[str, str]:
    """The minimum that a demo needs: its own folder."""
    return {"PETITION_VAR": str(tmp_path / "var")}


PRODUCTION = {
    "PETITION_MODE": "production",
    "PETITION_BASE_URL": "https://petition.example/",
    "PETITION_SECRET_KEY": SECRET,
    "PETITION_DESK_KEY": SECRET.swapcase(),
    "PETITION_EMAIL_KEY": SECRET[::-1],
    "PETITION_RECIPIENTS": str(IDENTITY.to_public()),
    "PETITION_SMTP_URL": "smtp://user:pass@relay.example:587",
    "PETITION_MAIL_FROM": "Links <links@petition.example>",
    "PETITION_OUTBOX_KEYS": "keys",
}


@pytest.fixture
def production() -> dict[str, str]:
    """Everything that production needs."""
    return dict(PRODUCTION)


def _refused(environ: Mapping[str, str]) -> str:
    with pytest.raises(SettingsError) as refusal:
        from_environment(environ)
    return str(refusal.value)


def test_nothing_set_is_a_demo_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = from_environment({})
    assert (found.mode, found.demo, found.secure) == (Mode.DEMO, True, False)
    assert found.base_url == "http://127.0.0.1:8000"
    assert found.database_url == "sqlite:///var/petition.db"
    assert (found.smtp_urls, found.metrics_token, found.campaign, found.trusted_proxies) == ((), "", None, ())
    assert found.outbox_keys == Path("var/outbox-keys")


def test_a_demo_takes_the_secrets_it_is_given(demo: dict[str, str]) -> None:
    found = from_environment(demo | {"PETITION_SECRET_KEY": "short", "PETITION_EMAIL_KEY": "own"})
    assert (found.secret_keys, found.email_key, found.email_key_file) == (("short",), "own", None)


def test_production_has_what_it_was_given(production: dict[str, str]) -> None:
    found = from_environment(production)
    assert (found.mode, found.demo, found.secure) == (Mode.PRODUCTION, False, True)
    assert found.base_url == "https://petition.example"
    assert found.email_key_file is None
    assert found.outbox_keys == Path("keys")


NEEDED = ("BASE_URL", "SECRET_KEY", "EMAIL_KEY", "RECIPIENTS", "SMTP_URL", "MAIL_FROM")


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", ["", "  ", ","])
def test_production_names_what_is_missing(production: dict[str, str], name: str, value: str) -> None:
    sentence = _refused(production | {f"PETITION_{name}": value})
    assert re.findall(r"PETITION_\w+", sentence) == [f"PETITION_{name}"]


def test_production_names_everything_that_is_missing_at_once() -> None:
    sentence = _refused({"PETITION_MODE": "production"})
    assert re.findall(r"PETITION_(\w+)", sentence) == list(NEEDED)


def test_production_starts_with_what_is_needed(production: dict[str, str]) -> None:
    without = {k: v for k, v in production.items() if k not in ("PETITION_DESK_KEY", "PETITION_OUTBOX_KEYS")}
    found = from_environment(without)
    assert found.desk_keys == found.secret_keys == from_environment(without | {"PETITION_DESK_KEY": ","}).desk_keys
    assert found.outbox_keys == found.var / "outbox-keys"


@pytest.mark.parametrize("value", ["x" * 31, f"{SECRET},short"])
def test_production_refuses_short_secrets(production: dict[str, str], value: str) -> None:
    assert "PETITION_SECRET_KEY must have 32" in _refused(production | {"PETITION_SECRET_KEY": value})
    assert "PETITION_DESK_KEY must have 32" in _refused(production | {"PETITION_DESK_KEY": value})
    both = _refused(production | {"PETITION_SECRET_KEY": value, "PETITION_EMAIL_KEY": "short"})
    assert "PETITION_EMAIL_KEY and PETITION_SECRET_KEY" in both


def test_lists_are_separated_by_commas(production: dict[str, str]) -> None:
    newer = SECRET.upper()
    found = from_environment(
        production
        | {f"PETITION_{name}_KEY": f"{newer}, {SECRET}," for name in ("SECRET", "DESK")}
        | {"PETITION_TRUSTED_PROXIES": "10.0.0.1,10.0.0.2"}
    )
    assert found.secret_keys == found.desk_keys == (newer, SECRET)
    assert found.trusted_proxies == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    "name", ["PETITION_SECRET_KEY", "PETITION_DESK_KEY", "PETITION_EMAIL_KEY", "PETITION_SMTP_URL"]
)
def test_a_secret_may_come_from_a_file(production: dict[str, str], tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{production[name]}\n")
    without = {k: v for k, v in production.items() if k != name}
    found = from_environment(without | {f"{name}_FILE": str(file)})
    assert replace(found, email_key_file=None) == from_environment(production)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"])
def test_a_file_that_cannot_be_read_is_named(production: dict[str, str], tmp_path: Path, content: bytes | None) -> None:
    if content:
        (tmp_path / "secret").write_bytes(content)
    sentence = _refused(production | {"PETITION_SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert sentence == "PETITION_SECRET_KEY_FILE names a file that cannot be read."


def test_the_file_of_the_email_key_is_known_so_that_it_can_be_destroyed(
    production: dict[str, str], demo: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "email-key"
    file.write_text(SECRET)
    assert from_environment(production | {"PETITION_EMAIL_KEY_FILE": str(file)}).email_key_file == file
    sealed = production | {"PETITION_EMAIL_KEY_FILE": str(file), "PETITION_EMAIL_KEY_SEALED": "/keys/sealed"}
    assert from_environment(sealed).email_key_file == Path("/keys/sealed"), "the one that stays on the disk"
    own = from_environment(demo).email_key_file
    assert own is not None
    assert own.read_text() == from_environment(demo).email_key


def test_there_are_two_modes() -> None:
    assert _refused({"PETITION_MODE": "staging"}) == "PETITION_MODE is either demo or production."


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite:petition.db", "postgres", "/var/petition.db"])
def test_there_are_two_databases(demo: dict[str, str], url: str) -> None:
    assert "PETITION_DATABASE_URL" in _refused(demo | {"PETITION_DATABASE_URL": url})


@pytest.mark.parametrize("url", ["sqlite:////data/p.db", "postgresql://u:p@one:5432,two:5432/petition?sslmode=require"])
def test_the_url_of_a_database_stays_as_it_is(demo: dict[str, str], url: str) -> None:
    assert from_environment(demo | {"PETITION_DATABASE_URL": url}).database_url == url


def test_a_standby_is_a_postgresql_beside_a_postgresql(demo: dict[str, str]) -> None:
    url = "postgresql://one,two/petition"
    given = demo | {"PETITION_STANDBY_URL": url}
    assert _refused(given) == (
        "PETITION_STANDBY_URL needs a PostgreSQL in PETITION_DATABASE_URL: SQLite has no standby."
    )
    assert from_environment(given | {"PETITION_DATABASE_URL": url}).standby_url == url
    assert from_environment(demo).standby_url == ""
    assert _refused(demo | {"PETITION_STANDBY_URL": "sqlite:///x.db"}) == (
        "PETITION_STANDBY_URL begins with postgresql://."
    )


@pytest.mark.parametrize(
    "url",
    [
        "petition.example",
        "ftp://petition.example",
        "https://petition.example/path",
        "https://petition.example?a=b",
        "https://petition.example#part",
        "https://user@petition.example",
        "https://petition.example:port",
        "https://[::1",
        "https://",
        "http://petition.example",
    ],
)
def test_a_public_address_is_a_host_reached_over_https(production: dict[str, str], url: str) -> None:
    assert "PETITION_BASE_URL" in _refused(production | {"PETITION_BASE_URL": url})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:9000", "https://localhost"])
def test_this_machine_needs_no_https(production: dict[str, str], demo: dict[str, str], url: str) -> None:
    for environ in (production, demo):
        assert from_environment(environ | {"PETITION_BASE_URL": f"{url}/"}).base_url == url


@pytest.mark.parametrize(
    "url", ["https://Petition.Example", "https://petition.example:443", "https://petition.example/"]
)
def test_the_public_address_is_written_as_browsers_write_it(production: dict[str, str], url: str) -> None:
    assert from_environment(production | {"PETITION_BASE_URL": url}).base_url == "https://petition.example"


ONION = "http://" + "p" * 55 + "d.onion"


@pytest.mark.parametrize("url", [ONION, f"{ONION}/", ONION.upper(), ""])
def test_an_onion_service_has_an_address(production: dict[str, str], url: str) -> None:
    assert from_environment(production | {"PETITION_ONION_URL": url}).onion_url == (ONION if url else "")


@pytest.mark.parametrize(
    "url",
    [
        ONION[7:],
        f"{ONION}/en/",
        f"{ONION}:80",
        ONION.replace("http", "https"),
        "http://short.onion",
        PRODUCTION["PETITION_BASE_URL"],
    ],
)
def test_an_address_that_is_no_onion_service_is_refused(production: dict[str, str], url: str) -> None:
    assert "PETITION_ONION_URL" in _refused(production | {"PETITION_ONION_URL": url})


def test_a_demo_is_for_this_machine_only(demo: dict[str, str]) -> None:
    assert "Demo mode" in _refused(demo | {"PETITION_BASE_URL": "https://petition.example"})


@pytest.mark.parametrize(
    "url", ["relay.example", "http://relay.example", "smtp://", "smtp://host:port", "smtps://[::1"]
)
def test_a_relay_has_an_address(demo: dict[str, str], url: str) -> None:
    assert "PETITION_SMTP_URL" in _refused(demo | {"PETITION_SMTP_URL": url})


def test_a_password_does_not_travel_in_the_clear(demo: dict[str, str]) -> None:
    assert "this machine only" in _refused(demo | {"PETITION_SMTP_URL": "smtp://u:p@relay.example?tls=no"})
    assert (
        from_environment(demo | {"PETITION_SMTP_URL": "smtp://127.0.0.1:2525?tls=no"}).smtp_urls[0].endswith("tls=no")
    )


@pytest.mark.parametrize("sender", ["links", "Links <>", "links@", "@petition.example", "лінкі@petition.example"])
def test_a_sender_has_an_address(production: dict[str, str], sender: str) -> None:
    assert "PETITION_MAIL_FROM" in _refused(production | {"PETITION_MAIL_FROM": sender})


def test_a_campaign_is_a_folder(demo: dict[str, str], tmp_path: Path) -> None:
    assert from_environment(demo | {"PETITION_CAMPAIGN": str(tmp_path)}).campaign == tmp_path
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        assert "PETITION_CAMPAIGN" in _refused(demo | {"PETITION_CAMPAIGN": str(tmp_path / name)})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("PETITION_MAILFROM", "PETITION_MAIL_FROM"),
        ("PETITION_SECRET_KEYS_FILE", "PETITION_SECRET_KEY"),
        ("PETITION_EMAIL_KEY_FILE_FILE", "PETITION_EMAIL_KEY"),
    ],
)
def test_a_name_that_is_no_setting_is_refused(demo: dict[str, str], name: str, nearest: str) -> None:
    for value in ("value", ""):
        assert _refused(demo | {name: value}) == f"{name} is not a setting; the nearest is {nearest}."
    assert "is not a setting" in _refused({"PETITION_MODE": "production", "PETITION_": "value"})


def test_what_steers_workers_and_tests_is_left_alone(demo: dict[str, str]) -> None:
    others = {"PETITION_SERVE_DELIVERS": "yes", "PETITION_TEST_KILLS": "3", "PETITION": "x", "petition_mode": "x"}
    assert from_environment(demo | others) == from_environment(demo)


def test_the_readme_has_the_table_of_the_settings() -> None:
    assert readme.README.read_text("utf-8") == readme.written(), "write it: python -m tests.readme"


def test_the_shipped_files_and_the_docs_name_settings_alone() -> None:
    known = set(re.findall(r"^\| `(PETITION_\w+)`", readme_table(), re.M))
    script = {
        f"PETITION_{name}" for name in ("ENV", "SECRETS", "USER", "PROGRAM")
    }  # names that docs/deploy/petition itself uses
    for file in (file for file in (ROOT / "docs").rglob("*") if file.is_file() and file.suffix != ".jpg"):
        named = re.findall(r"PETITION_[A-Z_]*[A-Z]", file.read_text("utf-8"))
        unknown = {name.removesuffix("_FILE") for name in named} - known
        assert unknown == (script if file.name == "petition" else set()), file


def test_settings_do_not_change(demo: dict[str, str]) -> None:
    found = from_environment(demo)
    with pytest.raises(FrozenInstanceError):
        found.email_key = "other"  # type: ignore[misc]  # settings are frozen


NAMES = [
    f"PETITION_{name}"
    for name in (*NEEDED, "DATABASE_URL", "CAMPAIGN", "METRICS_TOKEN", "BOUNCE_TOKEN", "TRUSTED_PROXIES", "ONION_URL")
]
# What an environment can hold: no zero byte, no lone surrogate.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
LIKELY = st.sampled_from(["https://", "smtp://", "sqlite:///", "postgresql://", "http://[", "smtps://a:"])


@examples(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.builds(str.__add__, LIKELY | st.just(""), VALUES)))
def test_any_environment_gives_settings_or_one_sentence_about_them(environ: dict[str, str]) -> None:
    found: Settings | str
    try:
        found = from_environment(PRODUCTION | environ)
    except SettingsError as error:
        found = str(error)
    if isinstance(found, str):
        assert "PETITION_" in found
        assert not [v for n, v in environ.items() if "KEY" in n and len(v) >= 20 and v in found]
    else:
        assert found.secret_keys
        assert found.base_url.startswith(("https://", "http://"))
