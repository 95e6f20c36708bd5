"""What demo mode makes for itself under PETITION_VAR: its secrets, its address, and the example campaign if asked."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pyrage import x25519

from petition.core.errors import SettingsError

_AT_FIRST = "http://127.0.0.1:8000"


def values(folder: Path) -> dict[str, str]:
    """Settings that nobody has to give to a demo; two processes that ask at once agree. Raises SettingsError."""
    own = folder / "secrets"
    identity = _kept(own / "organisers_identity", lambda: str(x25519.Identity.generate()))
    return {
        "PETITION_SECRET_KEY": _kept(own / "secret_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_DESK_KEY": _kept(own / "desk_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_EMAIL_KEY": _kept(own / "email_key", lambda: secrets.token_urlsafe(48)),
        "PETITION_RECIPIENTS": str(x25519.Identity.from_str(identity).to_public()),
        "PETITION_BASE_URL": _served(folder),
        "PETITION_CAMPAIGN": str(campaign(folder)) if campaign(folder).is_dir() else "",
    }


def campaign(folder: Path) -> Path:
    """Where the example campaign lies, once there is one: used unless PETITION_CAMPAIGN names another."""
    return folder / "campaign"


def keep_campaign(folder: Path, text: str) -> None:
    """The example's campaign.toml. Raises SettingsError."""
    with _usable():
        file = campaign(folder) / "campaign.toml"
        _written(file, text).replace(file)


def remember(folder: Path, base_url: str) -> None:
    """Where the site is served from now on, for the links of every other command. Raises SettingsError."""
    with _usable():
        file = _address(folder)
        _written(file, base_url).replace(file)


def _served(folder: Path) -> str:
    with _usable():
        return _address(folder).read_text("utf-8") if _address(folder).exists() else _AT_FIRST


def _address(folder: Path) -> Path:
    return folder / "base_url"


def _kept(file: Path, make: Callable[[], str]) -> str:
    """The content of a file that only its owner reads, made on the first call."""
    with _usable():
        if not file.exists():
            _keep(file, make())
        return file.read_text("utf-8").strip()


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError):
        raise SettingsError("The folder of PETITION_VAR cannot be used.") from None


def _keep(file: Path, text: str) -> None:
    """Appears whole or not at all; whoever comes second leaves the file as it is."""
    new = _written(file, text)
    with suppress(FileExistsError):
        file.hardlink_to(new)
    new.unlink()


def _written(file: Path, text: str) -> Path:
    """A private file beside the one that is meant, to take its place."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    with open(new, "x", opener=_private) as out:
        out.write(text)
    return new


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
