"""Production as docs/deploy sets it up, on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.conftest import IDENTITY
from tests.project.nginx import ONION, Nginx
from tests.relay import Relay
from tests.shell import Shell, serving
from tests.web.tools import campaign

DEPLOY = ROOT / "docs" / "deploy"


@pytest.fixture
def shell(tmp_path: Path, smtp: Relay) -> Shell:
    """Production with the settings of docs/deploy/petition.env, on this machine."""
    told = dict(
        line.split("=", 1) for line in (DEPLOY / "petition.env").read_text("utf-8").splitlines() if line[0] != "#"
    )
    told = {name: value.strip('"') for name, value in told.items()}
    for name in ("secret_key", "desk_key", "email_key"):
        (tmp_path / name).write_text("s" * 40)
    here = {
        "PETITION_CAMPAIGN": str(campaign(tmp_path / "campaign")),
        "PETITION_RECIPIENTS": str(IDENTITY.to_public()),
        "PETITION_SECRET_KEY_FILE": str(tmp_path / "secret_key"),
        "PETITION_DESK_KEY_FILE": str(tmp_path / "desk_key"),
        "PETITION_EMAIL_KEY_FILE": str(tmp_path / "email_key"),
        "PETITION_OUTBOX_KEYS": str(tmp_path / "outbox-keys"),
        "PETITION_ONION_URL": f"http://{ONION}",
        "PETITION_SMTP_URL": smtp.url,
        "PETITION_VAR": str(tmp_path / "var"),
    }
    (tmp_path / "var").mkdir()
    return Shell(tmp_path, **(told | here))


@pytest.fixture
def nginx(shell: Shell, tmp_path: Path) -> Iterator[Nginx]:
    """The shipped nginx site before a running site."""
    with serving(shell) as (address, _):
        made = Nginx(tmp_path / "nginx", int(address.rpartition(":")[2]))
        with made.running():
            yield made
