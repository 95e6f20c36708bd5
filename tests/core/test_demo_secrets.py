"""The secrets that a demo makes for itself: its own, and the same for each process that runs beside the server."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from petition.core.errors import SettingsError
from petition.core.settings import for_server, from_environment
from tests.core.test_settings import PRODUCTION


@pytest.fixture
def demo(tmp_path: Path) -> dict[str, str]:
    """The minimum that a demo needs: its own folder."""
    return {"PETITION_VAR": str(tmp_path / "var")}


def test_a_demo_makes_its_secrets_once_for_its_owner_alone(demo: dict[str, str]) -> None:
    first = from_environment(demo)
    files = list((first.var / "secrets").iterdir())
    names = ["desk_key", "email_key", "letters_key", "log_key", "organisers_identity", "secret_key"]
    assert sorted(file.name for file in files) == names
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len({*first.secret_keys, first.email_key}) == 2
    assert from_environment(demo) == first


def test_processes_that_start_together_agree_on_the_secrets(demo: dict[str, str], tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as crowd:
        for n in range(40):
            environ = {"PETITION_VAR": str(tmp_path / str(n))}
            assert len(set(crowd.map(lambda _, e=environ: from_environment(e), range(8)))) == 1


def test_a_demo_that_cannot_write_its_secrets_says_so(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="PETITION_VAR"):
        from_environment({"PETITION_VAR": str(tmp_path / "var")})


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:9000"), ("localhost", "http://localhost:9000"), ("::1", "http://[::1]:9000")],
)
def test_where_a_demo_is_served_other_commands_know_too(demo: dict[str, str], host: str, url: str) -> None:
    assert for_server(demo, host, 9000).base_url == url
    assert from_environment(demo) == for_server(demo, host, 9000)
    own = demo | {"PETITION_BASE_URL": "http://localhost:7000"}
    assert from_environment(own).base_url == for_server(own, host, 8000).base_url == "http://localhost:7000"
    assert from_environment(demo).base_url == url, "what was set by hand is nobody else's"


def test_production_is_where_it_is_said_to_be(demo: dict[str, str]) -> None:
    for_server(demo, "127.0.0.1", 9000)
    production = PRODUCTION | demo
    assert for_server(production, "0.0.0.0", 9000) == from_environment(production)
    assert from_environment(production).base_url == "https://petition.example"


def test_a_demo_served_to_others_is_none(demo: dict[str, str]) -> None:
    for host in ("0.0.0.0", "::", "petition.example", ""):
        with pytest.raises(SettingsError, match="this machine only"):
            for_server(demo, host, 9000)
    assert from_environment(demo).base_url == "http://127.0.0.1:8000"


def test_an_address_that_cannot_be_kept_is_told_of(demo: dict[str, str]) -> None:
    (from_environment(demo).var / "base_url").mkdir()
    with pytest.raises(SettingsError, match="PETITION_VAR"):
        for_server(demo, "127.0.0.1", 9000)
