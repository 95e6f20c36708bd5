"""Files that demo mode makes under PETITION_VAR: its secrets, its address, and the example campaign if asked for."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyrage import x25519

from petition.core.errors import SettingsError
from petition.core.log_keys import make_log_key

DEMO_LOG = "demo.localhost/log"  # the name of a demo's log; no other log has it
_DEFAULT_BASE_URL = "http://127.0.0.1:8000"


def demo_values(folder: Path) -> dict[str, str]:
    """Settings that a demo makes itself. Two processes that start at once get the same ones. Raises SettingsError."""
    secrets_folder = folder / "secrets"
    identity = _read_or_make(secrets_folder / "organisers_identity", lambda: str(x25519.Identity.generate()))
    return {
        "PETITION_SECRET_KEY": _read_or_make(secrets_folder / "secret_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_DESK_KEY": _read_or_make(secrets_folder / "desk_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_LETTERS_KEY": _read_or_make(secrets_folder / "letters_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_LOG_KEY": _read_or_make(secrets_folder / "log_key", lambda: make_log_key(DEMO_LOG)),
        "PETITION_EMAIL_KEY": _read_or_make(secrets_folder / "email_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_RECIPIENTS": str(x25519.Identity.from_str(identity).to_public()),
        "PETITION_BASE_URL": _read_base_url(folder),
        "PETITION_CAMPAIGN": str(campaign_folder(folder)) if campaign_folder(folder).is_dir() else "",
    }


def campaign_folder(folder: Path) -> Path:
    """The folder of the example campaign, if there is one. It is used unless PETITION_CAMPAIGN names another."""
    return folder / "campaign"


def write_campaign(folder: Path, text: str) -> None:
    """Writes the example's campaign.toml. Raises SettingsError."""
    with _translate_errors():
        file = campaign_folder(folder) / "campaign.toml"
        _write_private_file(file, text).replace(file)


def save_base_url(folder: Path, base_url: str) -> None:
    """Stores the address of the site, for the links that other commands make. Raises SettingsError."""
    with _translate_errors():
        file = _base_url_file(folder)
        _write_private_file(file, base_url).replace(file)


def _read_base_url(folder: Path) -> str:
    with _translate_errors():
        return _base_url_file(folder).read_text("utf-8") if _base_url_file(folder).exists() else _DEFAULT_BASE_URL


def _base_url_file(folder: Path) -> Path:
    return folder / "base_url"


def _read_or_make(file: Path, make: Callable[[], str]) -> str:
    """The content of a file that only its owner may read; the first call makes the file."""
    with _translate_errors():
        if not file.exists():
            _create_file(file, make())
        return file.read_text("utf-8").strip()


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError):
        raise SettingsError("The folder of PETITION_VAR cannot be used.") from None


def _create_file(file: Path, text: str) -> None:
    """The file appears complete or not at all. If another process has made it first, that file stays."""
    new = _write_private_file(file, text)
    with suppress(FileExistsError):  # another process was first
        file.hardlink_to(new)
    new.unlink()


def _write_private_file(file: Path, text: str) -> Path:
    """Writes a private file next to `file`, to take its place."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with open(new, "x", opener=_open_private) as out:
        out.write(text)
    return new


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
