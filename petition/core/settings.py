"""All settings in one table, read once from the environment. No other module reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from petition.core import demo_secrets
from petition.core import setting_parsers as parse
from petition.core.errors import SettingsError
from petition.core.setting_parsers import LOOPBACK_HOSTS
from petition.core.setting_rows import Row, refuse_missing, refuse_unknown, setting, value_of

__all__ = ["LOOPBACK_HOSTS", "Mode", "Settings", "for_server", "from_environment", "readme_table"]


class Mode(StrEnum):
    """Demo is for trying Petition out on this machine only. A database belongs to one of the two modes."""

    DEMO = "demo"
    PRODUCTION = "production"


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError("PETITION_MODE is either demo or production.") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """The table of all settings, in the order of README.md."""

    mode: Mode = setting(
        "PETITION_MODE",
        _mode,
        "`demo` (default: this machine only, makes its own secrets, keeps email in `/dev/outbox`) or `production` "
        "(refuses to start on any missing secret). Each refuses the other's database",
        "demo",
    )
    database_url: str = setting(
        "PETITION_DATABASE_URL",
        parse.database_url,
        "`sqlite:///…` (default: `var/petition.db`) or `postgresql://…`, several hosts allowed; "
        "`?prepared_statements=false` for an old PgBouncer",
        "sqlite:///{PETITION_VAR}/petition.db",
    )
    standby_url: str = setting(
        "PETITION_STANDBY_URL",
        parse.standby_url,
        "`postgresql://…`, a hot standby of that database: the desk's long lists, figures and exports and `petition "
        "backup` are read there while it has all that the primary has. See [scale](docs/scale.md)",
    )
    base_url: str = setting(
        "PETITION_BASE_URL",
        parse.base_url,
        "the public address, https except on this machine. Links in emails are built from it. A demo takes it from "
        "`serve --port`",
        needed=True,
    )
    onion_url: str = setting(
        "PETITION_ONION_URL",
        parse.onion_url,
        "the address of the onion service, `http://….onion`; pages over https name it (`Onion-Location`), pages opened "
        "under its name link to it. Emails always have `PETITION_BASE_URL`; the desk is not available there",
    )
    campaign: Path | None = setting(
        "PETITION_CAMPAIGN",
        parse.campaign,
        "a folder whose `campaign.toml`, `facts.toml`, `governments.toml`, `mailboxes.toml`, `networks.toml`, "
        "`said.toml`, `appeal/*.md`, `letters/*.md` replace the shipped ones, file by file; `pictures/` may add "
        "pictures of people",
    )
    secret_keys: tuple[str, ...] = setting(
        "PETITION_SECRET_KEY",
        parse.split_list,
        "signs links; 32 characters or more; a comma-separated list rotates it, newest first",
        needed=True,
    )
    desk_keys: tuple[str, ...] = setting(
        "PETITION_DESK_KEY",
        parse.split_list,
        "encrypts organisers' second factors and authenticates backups; 32 characters or more, in a file of its own; a "
        "comma-separated list rotates it, newest first; default: `PETITION_SECRET_KEY`",
        "{PETITION_SECRET_KEY}",
    )
    letters_key: str = setting(
        "PETITION_LETTERS_KEY",
        str,
        "signs the list of an edition (`index.csv`, with the SHA-256 of each PDF); 32 characters or more; without it "
        "the list is not signed. Its public half is at `/letters.pub`",
    )
    log_keys: tuple[str, ...] = setting(
        "PETITION_LOG_KEY",
        parse.log_keys,
        "signs the public log, in the form `PRIVATE+KEY+…` that `petition log key` makes; a comma-separated list "
        "rotates it, newest first; one machine alone has it. Without it nothing is signed",
    )
    timestamp_url: str = setting(
        "PETITION_TIMESTAMP_URL",
        parse.timestamp_url,
        "a service (RFC 3161) that puts a time stamp on the list of each edition; it learns the hash of the list and "
        "our network address. Off by default",
    )
    email_key: str = setting(
        "PETITION_EMAIL_KEY",
        str,
        "key of the hashes of addresses; 32 characters or more; never changes while a campaign runs",
        needed=True,
    )
    sealed_email_key: Path | None = setting(
        "PETITION_EMAIL_KEY_SEALED",
        parse.optional_path,
        "the file that `PETITION_EMAIL_KEY` is decrypted from at the start, if there is one; `petition close` destroys "
        "it. See the handbook",
    )
    recipients: tuple[str, ...] = setting(
        "PETITION_RECIPIENTS",
        parse.split_list,
        "the organisers' public keys (`age1…`), comma-separated; at least two",
        needed=True,
    )
    outbox_keys: Path = setting(
        "PETITION_OUTBOX_KEYS",
        Path,
        "the folder of the outbox's short-lived keys, outside the database's folder and every backup; default "
        "`var/outbox-keys`",
        "{PETITION_VAR}/outbox-keys",
    )
    smtp_urls: tuple[str, ...] = setting(
        "PETITION_SMTP_URL",
        parse.smtp_urls,
        "`smtp://user:password@host:587` (STARTTLS), `smtps://…`, `smtp://127.0.0.1:2525?tls=no`; after a comma a "
        "second relay, for when the first says no",
        needed=True,
    )
    alerts_to: str = setting(
        "PETITION_ALERTS_TO",
        parse.alerts_to,
        "an operator's address: the site writes there when something is wrong, and never a word about a signer",
    )
    mail_from: str = setting(
        "PETITION_MAIL_FROM",
        parse.mail_from,
        "the sender: an address, or `Name <address>`. No word of the campaign should be in it",
        "Petition <petition@localhost>",
        needed=True,
    )
    trusted_proxies: tuple[str, ...] = setting(
        "PETITION_TRUSTED_PROXIES",
        parse.split_list,
        "whose X-Forwarded-For counts, comma-separated; none by default",
    )
    metrics_token: str = setting(
        "PETITION_METRICS_TOKEN", str, "bearer token for `/metrics`; without it, this machine only"
    )
    bounce_token: str = setting(
        "PETITION_BOUNCE_TOKEN",
        str,
        "bearer token for `POST /bounces`, where a mail server or provider reports bounces and complaints; without it, "
        "that address does not exist",
    )
    probe_email: str = setting(
        "PETITION_PROBE_EMAIL",
        parse.probe_email,
        "the mailbox with which `petition probe` signs, one that nobody can guess and nobody else uses: forms with it "
        "are never counted, some twelve an hour",
    )
    probe_maildir: Path | None = setting(
        "PETITION_PROBE_MAILDIR",
        parse.optional_path,
        "the Maildir of that mailbox, on the machine that runs `petition probe`",
    )
    sites: Path | None = setting(
        "PETITION_SITES",
        parse.optional_path,
        "a folder with one settings file for each campaign (`NAME.env`): several campaigns on one installation, each "
        "with its own database and keys. Then `petition.env` has no other setting. See the handbook",
    )
    var: Path = setting("PETITION_VAR", Path, "the folder for what demo mode makes; default `var`", "var")
    email_key_file: Path | None = None  # the file that `petition close` destroys; None if the key is in the environment
    log_key_file: Path | None = None  # the file that `petition destroy all` destroys

    @property
    def demo(self) -> bool:
        return self.mode is Mode.DEMO

    @property
    def secure(self) -> bool:
        """True if the public address is https, so that cookies can be limited to it."""
        return self.base_url.startswith("https:")

    @property
    def onion_host(self) -> str:
        """The host name of the onion service; empty if there is none."""
        return self.onion_url.removeprefix("http://")


_TABLE: dict[str, Row] = {f.name: f.metadata["row"] for f in fields(Settings) if f.metadata}


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError, which names all settings that are missing, or the first that is wrong."""
    refuse_unknown(environ, {row.name for row in _TABLE.values()})
    given = {row.name: value_of(environ, row.name) for row in _TABLE.values()}
    mode, var = _mode(given["PETITION_MODE"] or "demo"), Path(given["PETITION_VAR"] or "var")
    if mode is Mode.PRODUCTION:
        refuse_missing(given, [row.name for row in _TABLE.values() if row.needed])
    own = {"PETITION_VAR": str(var)} | (demo_secrets.demo_values(var) if mode is Mode.DEMO else {})
    texts = own | {name: text for name, text in given.items() if text}
    values = {key: row.parse(texts.get(row.name) or row.default.format_map(texts)) for key, row in _TABLE.items()}
    if mode is Mode.DEMO and urlsplit(values["base_url"]).hostname not in LOOPBACK_HOSTS:
        raise SettingsError("Demo mode serves this machine only: PETITION_BASE_URL must be on localhost.")
    if values["standby_url"] and not values["database_url"].startswith("postgresql:"):
        raise SettingsError("PETITION_STANDBY_URL needs a PostgreSQL in PETITION_DATABASE_URL: SQLite has no standby.")
    email_key_file = values["sealed_email_key"] or _key_file(environ, mode, var, "email_key")
    return Settings(**values, email_key_file=email_key_file, log_key_file=_key_file(environ, mode, var, "log_key"))


def for_server(environ: Mapping[str, str], host: str, port: int) -> Settings:
    """Settings for a server on a host and port. A demo stores its address in PETITION_VAR: other commands link to it.

    Raises SettingsError as from_environment() does, and for a demo that other machines could reach.
    """
    found = from_environment(environ)
    if found.demo and host not in LOOPBACK_HOSTS:
        raise SettingsError("Demo mode serves this machine only: --host must be 127.0.0.1, ::1 or localhost.")
    if not found.demo or value_of(environ, "PETITION_BASE_URL"):
        return found
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    demo_secrets.save_base_url(found.var, base_url)
    return replace(found, base_url=base_url)


def for_sender(environ: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """The relays and the sender, for a machine that is no server and needs nothing else. Raises SettingsError."""
    found = _some(environ, "To send email, this", "smtp_urls", "mail_from")
    return found["smtp_urls"], found["mail_from"]


def for_probe(environ: Mapping[str, str]) -> tuple[str, str, Path]:
    """The site, the mailbox and its Maildir, in the same way. Raises SettingsError."""
    found = _some(environ, "A probe from outside", "base_url", "probe_email", "probe_maildir")
    return found["base_url"], found["probe_email"], found["probe_maildir"]


def _some(environ: Mapping[str, str], who: str, *keys: str) -> dict[str, Any]:
    refuse_unknown(environ, {row.name for row in _TABLE.values()})
    rows = {key: _TABLE[key] for key in keys}
    given = {key: value_of(environ, row.name) for key, row in rows.items()}
    if missing := [rows[key].name for key, text in given.items() if not text]:
        raise SettingsError(f"{who} needs {', '.join(missing[:-1])}{' and ' if missing[1:] else ''}{missing[-1]}.")
    return {key: row.parse(given[key]) for key, row in rows.items()}


def readme_table() -> str:
    """The table of README.md, which `python -m tests.readme` writes."""
    rows = [f"| `{row.name}` | {row.meaning} |\n" for row in _TABLE.values()]
    return "".join(["| name | meaning |\n| --- | --- |\n", *rows])


def _key_file(environ: Mapping[str, str], mode: Mode, var: Path, name: str) -> Path | None:
    """The file of a key, which can be destroyed; None if the key stands in the environment, or there is none."""
    variable = f"PETITION_{name.upper()}"
    if file := environ.get(f"{variable}_FILE"):
        return Path(file)
    return var / "secrets" / name if mode is Mode.DEMO and not environ.get(variable) else None
