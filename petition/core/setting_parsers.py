"""Turns the text of a setting into its value. Each function raises SettingsError, which names the setting."""

import re
from contextlib import suppress
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from petition.core.errors import SettingsError
from petition.core.log_keys import DESTROYED, FORM

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_ONION = re.compile(r"http://[a-z2-7]{56}\.onion")  # version 3; rend-spec-v3, 6
MAX_RELAYS = 2
_SENDER = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


def database_url(url: str) -> str:
    if url.startswith(("sqlite:///", "postgresql://")):
        return url
    raise SettingsError("PETITION_DATABASE_URL begins with sqlite:/// or postgresql://.")


def standby_url(url: str) -> str:
    if not url or url.startswith("postgresql://"):
        return url
    raise SettingsError("PETITION_STANDBY_URL begins with postgresql://.")


def base_url(url: str) -> str:
    """In the form that browsers send in Origin."""
    parts = _split_url(url)
    has_more = parts is None or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts is None or parts.scheme not in ("http", "https") or has_more:
        raise SettingsError("PETITION_BASE_URL is an address like https://example.org, without a path.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise SettingsError("PETITION_BASE_URL begins with https:// except on this machine.")
    default_port = {"http": ":80", "https": ":443"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(default_port)}"


def onion_url(url: str) -> str:
    url = url.removesuffix("/").lower()
    if url and not _ONION.fullmatch(url):
        raise SettingsError(
            "PETITION_ONION_URL is an address like http://….onion, 56 letters and digits, without a path."
        )
    return url


def timestamp_url(url: str) -> str:
    """http too: what comes back is signed."""
    parts = _split_url(url)
    if url and (parts is None or parts.scheme not in ("http", "https") or "@" in parts.netloc or not url.isprintable()):
        raise SettingsError("PETITION_TIMESTAMP_URL is an address like https://timestamp.example.org/tsr.")
    return url


def smtp_urls(text: str) -> tuple[str, ...]:
    """One relay, or a second one after a comma. A comma in a password is written %2C."""
    urls = split_list(text)
    if len(urls) > MAX_RELAYS:
        raise SettingsError("PETITION_SMTP_URL names two relays at most.")
    for url in urls:
        parts = _split_url(url)
        if parts is None or parts.scheme not in ("smtp", "smtps"):
            raise SettingsError("PETITION_SMTP_URL is an address like smtp://user:password@host:587.")
        if "tls=no" in parts.query.split("&") and parts.hostname not in LOOPBACK_HOSTS:
            raise SettingsError("PETITION_SMTP_URL: tls=no is for a relay on this machine only.")
    return urls


def _split_url(url: str) -> SplitResult | None:
    """None if the URL has no host or an invalid port."""
    with suppress(ValueError):  # the caller says which setting is wrong
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    return None


def mail_from(sender: str) -> str:
    if sender.isprintable() and _SENDER.fullmatch(parseaddr(sender)[1]):
        return sender
    raise SettingsError("PETITION_MAIL_FROM is an address like Links <links@example.org>.")


def alerts_to(text: str) -> str:
    if not text or (text.isprintable() and _SENDER.fullmatch(text)):
        return text
    raise SettingsError("PETITION_ALERTS_TO is one address, like operator@example.org.")


def probe_email(text: str) -> str:
    if not text or (text.isprintable() and _SENDER.fullmatch(text)):
        return text.lower()
    raise SettingsError("PETITION_PROBE_EMAIL is one address, like random-letters@example.org.")


def campaign(text: str) -> Path | None:
    if text and not Path(text).is_dir():
        raise SettingsError("PETITION_CAMPAIGN names a folder that does not exist.")
    return Path(text) if text else None


def optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def log_keys(text: str) -> tuple[str, ...]:
    """Whether they sign is found out by the log itself, which can be left out."""
    keys = tuple(key for key in split_list(text) if not key.startswith(DESTROYED))
    if any(not FORM.fullmatch(key) for key in keys):
        raise SettingsError("PETITION_LOG_KEY is a key like PRIVATE+KEY+…: `petition log key NAME` makes one.")
    if len({key.split("+")[2] for key in keys}) > 1:
        raise SettingsError("PETITION_LOG_KEY names keys of several logs: all must have the name of one.")
    return keys


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated list, without empty ones."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
