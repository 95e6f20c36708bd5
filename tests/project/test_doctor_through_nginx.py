"""The doctor asks the public address, through the shipped nginx, and sees whom the application takes a visitor for."""

import asyncio
import ssl
from pathlib import Path

import pytest

from petition.commands.doctor import reachability
from petition.commands.doctor.reachability import Visit
from petition.core.settings import Mode, Settings
from tests.conftest import make_settings
from tests.project.nginx import NAME, VISITOR, Nginx
from tests.shell import Shell, serving

SHIPPED_LINE = "proxy_set_header X-Forwarded-For $remote_addr;"
PROXY = "address of visitors behind the proxy"


# What the site has in place of the shipped line, and what the doctor says.
SITES = {
    SHIPPED_LINE: "",
    "proxy_set_header X-Forwarded-For 127.0.0.1;": "takes every visitor for the proxy",
    "": "passes on what visitors say",
}


def _said(nginx: Nginx, settings: Settings) -> dict[str, str]:
    trusting = ssl.create_default_context(cafile=str(nginx.trusted))
    visit = Visit(("127.0.0.1", nginx.port), (VISITOR, 0), trusting)
    found = asyncio.run(reachability.check_public_address(settings, visit))
    return {finding.subject: finding.what for finding in found}


@pytest.mark.slow
def test_a_forged_address_is_found_through_nginx(shell: Shell, tmp_path: Path) -> None:
    """The certificate of the tests ends tomorrow."""
    url, token = f"https://{NAME}", "t" * 40
    settings = make_settings("", tmp_path, mode=Mode.PRODUCTION, base_url=url, metrics_token=token)
    shell.environment |= {"PETITION_METRICS_TOKEN": token}
    with serving(shell) as (address, _):
        for number, (line, words) in enumerate(SITES.items()):
            nginx = Nginx(tmp_path / f"nginx{number}", int(address.rpartition(":")[2]))
            site = tmp_path / f"nginx{number}" / "site.conf"
            site.write_text(site.read_text("utf-8").replace(SHIPPED_LINE, line))
            with nginx.running():
                said = _said(nginx, settings)
            assert said["public address from outside"] == ""
            assert "it ends in" in said["certificate"]
            assert (words in said[PROXY], bool(said[PROXY])) == (True, bool(words))
