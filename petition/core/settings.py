"""The settings: read once from the environment, frozen. No other room reads the environment."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import parseaddr
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from petition.core import demo_secrets
from petition.core.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ONION = re.compile(r"http://[a-z2-7]{56}\.onion")  # version 3; rend-spec-v3, 6
_SENDER = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


class Mode(StrEnum):
    """Trying out on this machine, or the real thing. A database belongs to one of the two."""

    DEMO = "demo"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; README.md has the table with their meaning."""

    mode: Mode
    database_url: str
    base_url: str
    onion_url: str
    campaign: Path | None
    secret_keys: tuple[str, ...]
    desk_keys: tuple[str, ...]
    email_key: str
    email_key_file: Path | None
    recipients: tuple[str, ...]
    metrics_token: str
    bounce_token: str
    smtp_url: str
    mail_from: str
    trusted_proxies: tuple[str, ...]
    outbox_keys: Path
    var: Path

    @property
    def demo(self) -> bool:
        """True when only this machine can reach the site."""
        return self.mode is Mode.DEMO

    @property
    def secure(self) -> bool:
        """True when the public address is https, so that cookies can be bound to it."""
        return self.base_url.startswith("https:")

    @property
    def onion_host(self) -> str:
        """The name of the onion service, empty without one."""
        return self.onion_url.removeprefix("http://")


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment. Raises SettingsError that names every missing or wrong one."""
    mode = _mode(_value(environ, "PETITION_MODE") or "demo")
    var = Path(_value(environ, "PETITION_VAR") or "var")
    own = demo_secrets.values(var) if mode is Mode.DEMO else {}
    values = {name: _value(environ, name) or own.get(name, "") for name in _NAMES}
    _refuse_missing(mode, values)
    return Settings(
        mode=mode,
        database_url=_database_url(values["PETITION_DATABASE_URL"] or f"sqlite:///{var / 'petition.db'}"),
        base_url=_base_url(values["PETITION_BASE_URL"], mode),
        onion_url=_onion_url(values["PETITION_ONION_URL"]),
        campaign=_folder(values["PETITION_CAMPAIGN"]),
        secret_keys=_list(values["PETITION_SECRET_KEY"]),
        desk_keys=_list(values["PETITION_DESK_KEY"]) or _list(values["PETITION_SECRET_KEY"]),
        email_key=values["PETITION_EMAIL_KEY"],
        email_key_file=_email_key_file(environ, mode, var),
        recipients=_list(values["PETITION_RECIPIENTS"]),
        metrics_token=values["PETITION_METRICS_TOKEN"],
        bounce_token=values["PETITION_BOUNCE_TOKEN"],
        smtp_url=_smtp_url(values["PETITION_SMTP_URL"]),
        mail_from=_mail_from(values["PETITION_MAIL_FROM"] or "Petition <petition@localhost>"),
        trusted_proxies=_list(values["PETITION_TRUSTED_PROXIES"]),
        outbox_keys=Path(values["PETITION_OUTBOX_KEYS"] or var / "outbox-keys"),
        var=var,
    )


def serving(environ: Mapping[str, str], host: str, port: int) -> Settings:
    """Settings for the server of a host and port. A demo keeps its address in PETITION_VAR: other commands link to it.

    Raises SettingsError as read() does, and for a demo that others could reach.
    """
    found = read(environ)
    if found.demo and host not in LOOPBACK:
        raise SettingsError("Demo mode serves this machine only: --host must be 127.0.0.1, ::1 or localhost.")
    if not found.demo or _value(environ, "PETITION_BASE_URL"):
        return found
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    demo_secrets.remember(found.var, base_url)
    return replace(found, base_url=base_url)


_NAMES = (
    "PETITION_DATABASE_URL",
    "PETITION_BASE_URL",
    "PETITION_ONION_URL",
    "PETITION_CAMPAIGN",
    "PETITION_SECRET_KEY",
    "PETITION_DESK_KEY",
    "PETITION_EMAIL_KEY",
    "PETITION_RECIPIENTS",
    "PETITION_METRICS_TOKEN",
    "PETITION_BOUNCE_TOKEN",
    "PETITION_SMTP_URL",
    "PETITION_MAIL_FROM",
    "PETITION_TRUSTED_PROXIES",
    "PETITION_OUTBOX_KEYS",
)
# What nobody can guess for the operator. The rest has a default that is safe.
_NEEDED_IN_PRODUCTION = (
    "PETITION_BASE_URL",
    "PETITION_SECRET_KEY",
    "PETITION_EMAIL_KEY",
    "PETITION_RECIPIENTS",
    "PETITION_SMTP_URL",
    "PETITION_MAIL_FROM",
)


def _value(environ: Mapping[str, str], name: str) -> str:
    """NAME, or the content of the file that NAME_FILE names (how secrets reach a service unseen)."""
    file = environ.get(f"{name}_FILE")
    if not file:
        return environ.get(name, "").strip()
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{name}_FILE names a file that cannot be read.") from None


def _email_key_file(environ: Mapping[str, str], mode: Mode, var: Path) -> Path | None:
    """The file that `petition close` has to destroy; None if the key stands in the environment itself."""
    if file := environ.get("PETITION_EMAIL_KEY_FILE"):
        return Path(file)
    own = mode is Mode.DEMO and not environ.get("PETITION_EMAIL_KEY")
    return var / "secrets" / "email_key" if own else None


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError("PETITION_MODE is either demo or production.") from None


def _refuse_missing(mode: Mode, values: Mapping[str, str]) -> None:
    if mode is Mode.DEMO:
        return
    missing = [name for name in _NEEDED_IN_PRODUCTION if not _list(values[name])]  # a lone comma is nothing
    if missing:
        raise SettingsError(f"Production needs {', '.join(missing)}.")
    keys = {"PETITION_EMAIL_KEY": [values["PETITION_EMAIL_KEY"]]}
    for name in ("PETITION_SECRET_KEY", "PETITION_DESK_KEY"):
        keys[name] = list(_list(values[name]))
    short = [name for name, secrets_ in sorted(keys.items()) if any(len(s) < 32 for s in secrets_)]
    if short:
        raise SettingsError(f"{' and '.join(short)} must have 32 characters or more.")


def _database_url(url: str) -> str:
    if url.startswith(("sqlite:///", "postgresql://")):
        return url
    raise SettingsError("PETITION_DATABASE_URL begins with sqlite:/// or postgresql://.")


def _base_url(url: str, mode: Mode) -> str:
    parts = _split(url)
    more = parts is None or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts is None or parts.scheme not in ("http", "https") or more:
        raise SettingsError("PETITION_BASE_URL is an address like https://example.org, without a path.")
    loopback = parts.hostname in LOOPBACK
    if parts.scheme == "http" and not loopback:
        raise SettingsError("PETITION_BASE_URL begins with https:// except on this machine.")
    if mode is Mode.DEMO and not loopback:
        raise SettingsError("Demo mode serves this machine only: PETITION_BASE_URL must be on localhost.")
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"  # as browsers write it in Origin


def _onion_url(url: str) -> str:
    url = url.removesuffix("/").lower()
    if url and not _ONION.fullmatch(url):
        raise SettingsError(
            "PETITION_ONION_URL is an address like http://….onion, 56 letters and digits, without a path."
        )
    return url


def _smtp_url(url: str) -> str:
    parts = _split(url)
    if parts and "tls=no" in parts.query.split("&") and parts.hostname not in LOOPBACK:
        raise SettingsError("PETITION_SMTP_URL: tls=no is for a relay on this machine only.")
    if not url or (parts and parts.scheme in ("smtp", "smtps")):
        return url
    raise SettingsError("PETITION_SMTP_URL is an address like smtp://user:password@host:587.")


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None if it names no host, or a port that is none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    return None


def _mail_from(sender: str) -> str:
    if sender.isprintable() and _SENDER.fullmatch(parseaddr(sender)[1]):
        return sender
    raise SettingsError("PETITION_MAIL_FROM is an address like Links <links@example.org>.")


def _folder(text: str) -> Path | None:
    if not text:
        return None
    if not Path(text).is_dir():
        raise SettingsError("PETITION_CAMPAIGN names a folder that does not exist.")
    return Path(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
