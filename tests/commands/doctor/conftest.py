"""A healthy installation, for a test to plant its fault in."""

import secrets
from pathlib import Path

import pytest
from pyrage import x25519

from petition.core.settings import Mode, Settings
from petition.site import open_site
from tests.conftest import make_settings
from tests.web.tools import campaign


@pytest.fixture
async def healthy(tmp_path: Path) -> Settings:
    """Production as the handbook wants it, but for a public address and a relay that answer."""
    (data := tmp_path / "data").mkdir(mode=0o700)
    (key := tmp_path / "email_key").write_text(secrets.token_urlsafe(48))
    key.chmod(0o600)
    settings = make_settings(
        f"sqlite:///{data / 'petition.db'}",
        tmp_path,
        "smtp://127.0.0.1:1?tls=no",
        mode=Mode.PRODUCTION,
        base_url="https://petition.example",
        campaign=campaign(tmp_path / "campaign", contact='"help@example.org"'),
        secret_keys=(secrets.token_urlsafe(48),),
        desk_keys=(secrets.token_urlsafe(48),),
        letters_key=secrets.token_urlsafe(48),
        email_key=key.read_text(),
        email_key_file=key,
        recipients=tuple(str(x25519.Identity.generate().to_public()) for _ in range(2)),
        mail_from="Links <links@petition.example>",
        metrics_token=secrets.token_hex(24),
        trusted_proxies=("127.0.0.1",),
    )
    async with open_site(settings, migrate=True):
        for file in data.iterdir():
            file.chmod(0o600)
    return settings
