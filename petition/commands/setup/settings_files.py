"""The files of a site: petition.env, campaign.toml and the secrets. What stands in them already is kept."""

import secrets
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from petition.campaign.appeal import SHIPPED_DATA
from petition.commands.setup import checks, questions
from petition.commands.setup.place import SERVICE, Place
from petition.commands.setup.questions import LINK, Answers
from petition.commands.setup.server_files import DEPLOY, RETURNS
from petition.commands.setup.texts import read_settings, set_setting
from petition.commands.setup.writing import PlannedFile, Writer
from petition.core.errors import DataError, SettingsError
from petition.core.log_keys import make_log_key
from petition.core.toml_edits import Value, set_toml

ENV = "/etc/petition/petition.env"
CAMPAIGN = "/etc/petition/campaign"  # unless petition.env names another folder
SECRETS = "/etc/petition/secrets"
KEYS = "/var/lib/petition-keys"
EMAIL_KEY = f"{KEYS}/email_key"
LOG_KEY = f"{KEYS}/log_key"  # there, so that `petition destroy all` can overwrite it
DKIM_KEY = "/etc/dkimkeys/petition.private"
RELAY_HERE = "smtp://127.0.0.1:25?tls=no"
_DATABASE_HERE = "sqlite:////var/lib/petition/petition.db"
_SETTING_OF = {
    "site": "PETITION_BASE_URL",
    "sender": "PETITION_MAIL_FROM",
    "alerts": "PETITION_ALERTS_TO",
    "onion": "PETITION_ONION_URL",
}
_IN_CAMPAIGN = {  # the table and the name of a value
    "organiser": ("organiser.name", "en"),
    "controller": ("organiser", "controller"),
    "contact": ("organiser", "contact"),
    "goal": ("", "goal"),
    "deadline": ("dates", "deadline"),
    "destruction": ("dates", "destruction"),
}
REMEMBERED = ("ipv4", "ipv6", "admin")  # answers that stand in the record alone


def campaign_file(place: Place) -> str:
    return f"{read_settings(env_text(place)).get('PETITION_CAMPAIGN') or CAMPAIGN}/campaign.toml"


def campaign_text(place: Place) -> str:
    return place.read(campaign_file(place)) or (SHIPPED_DATA / "campaign.toml").read_text("utf-8")


def read_campaign(place: Place) -> dict[str, Any]:
    try:
        return tomllib.loads(campaign_text(place))
    except ValueError as error:
        raise DataError(f"{campaign_file(place)} is not TOML: {error}.") from None


def env_text(place: Place) -> str:
    return place.read(ENV) or (DEPLOY / "petition.env").read_text("utf-8")


def earlier_answers(place: Place) -> Answers:
    """What the files say now; the values of a shipped file are nobody's answers."""
    shipped = read_settings((DEPLOY / "petition.env").read_text("utf-8"))
    env = {name: value for name, value in read_settings(env_text(place)).items() if shipped.get(name) != value}
    answers = {name: env.get(setting, "") for name, setting in _SETTING_OF.items()}
    answers["first_key"], _, answers["second_key"] = env.get("PETITION_RECIPIENTS", "").partition(",")
    answers["relay"] = place.read(f"{SECRETS}/smtp_url").strip().replace(RELAY_HERE, checks.OWN_RELAY)
    answers["database"] = place.read(f"{SECRETS}/database_url").strip().replace(_DATABASE_HERE, checks.OWN_DATABASE)
    return answers | _campaign_answers(read_campaign(place))


def _campaign_answers(campaign: dict[str, Any]) -> Answers:
    found = {name: _value(campaign, *where) for name, where in _IN_CAMPAIGN.items()}
    found |= {LINK + name: url for name, url in campaign.get("links", {}).items()}
    return {name: str(value) for name, value in found.items() if not str(value).startswith(questions.PLACEHOLDER)}


def _value(campaign: dict[str, Any], table: str, name: str) -> object:
    found: Any = campaign
    for key in filter(None, table.split(".")):
        found = found.get(key, {})
    return found.get(name, "")


def new_campaign_text(text: str, answers: Answers) -> str:
    kinds: dict[str, Any] = {"goal": int, "deadline": checks.day, "destruction": checks.day}
    for name, where in _IN_CAMPAIGN.items():
        value: Value = kinds.get(name, str)(answers[name])
        text = set_toml(text, *where, value)
    for name in (name for name in answers if name.startswith(LINK)):
        text = set_toml(text, "links", name.removeprefix(LINK), answers[name])
    return text


def new_env_text(text: str, answers: Answers) -> str:
    for name, setting in _SETTING_OF.items():
        text = set_setting(text, setting, answers[name])
    text = set_setting(text, "PETITION_RECIPIENTS", f"{answers['first_key']},{answers['second_key']}")
    if "PETITION_LOG_KEY_FILE" not in read_settings(text):
        text = set_setting(text, "PETITION_LOG_KEY_FILE", LOG_KEY)
    if answers["database"].startswith("postgresql") and "WORKERS" not in read_settings(text):
        text = set_setting(text, "WORKERS", "2")
    return text


def other_names(campaign: dict[str, Any], answers: Answers) -> list[str]:
    """Languages in which the organiser still has a name, if the English one changes."""
    names = campaign.get("organiser", {}).get("name", {})
    return [] if names.get("en") == answers["organiser"] else [language for language in names if language != "en"]


def make_folders(writer: Writer, answers: Answers) -> None:
    writer.make_folder(CAMPAIGN, 0o755)
    writer.make_folder(SECRETS, 0o750, "root", SERVICE)
    writer.make_folder("/var/lib/petition", 0o700, SERVICE)
    writer.make_folder(KEYS, 0o700, SERVICE)
    if answers["relay"] == checks.OWN_RELAY:
        for box in (".", "new", "cur", "tmp"):
            writer.make_folder(f"{RETURNS}/{box}", 0o700, SERVICE)
        writer.make_folder("/etc/dkimkeys", 0o700, "opendkim")


def write_secrets(place: Place, writer: Writer, answers: Answers) -> None:
    """Keys are never replaced. The addresses of database and relay, which hold passwords, are answers."""
    for name in ("secret_key", "desk_key", "letters_key"):
        writer.make_secret(_secret(name, f"{secrets.token_urlsafe(48)}\n"))
    for name in ("metrics_token", "bounce_token"):
        writer.make_secret(_secret(name, ""))
    if not _has_own_email_key(place):
        writer.make_secret(PlannedFile(EMAIL_KEY, f"{secrets.token_urlsafe(48)}\n", 0o600, SERVICE))
    log_key = make_log_key(f"{urlsplit(answers['site']).hostname}/log")
    writer.make_secret(PlannedFile(LOG_KEY, f"{log_key}\n", 0o600, SERVICE))
    if answers["relay"] == checks.OWN_RELAY:
        key = "" if place.path(DKIM_KEY).exists() else new_dkim_key()
        writer.make_secret(PlannedFile(DKIM_KEY, key, 0o600, "opendkim"))
    relay = RELAY_HERE if answers["relay"] == checks.OWN_RELAY else answers["relay"]
    writer.put(_secret("smtp_url", f"{relay}\n"))
    writer.put(_secret("database_url", f"{database_url(answers)}\n"))


def database_url(answers: Answers) -> str:
    return _DATABASE_HERE if answers["database"] == checks.OWN_DATABASE else answers["database"]


def _secret(name: str, content: str) -> PlannedFile:
    return PlannedFile(f"{SECRETS}/{name}", content, 0o640, "root", SERVICE)


def _has_own_email_key(place: Place) -> bool:
    """Whether petition.env names another file, such as the one of a sealed key: then none is made here."""
    return read_settings(env_text(place)).get("PETITION_EMAIL_KEY_FILE", EMAIL_KEY) != EMAIL_KEY


def new_dkim_key() -> str:
    """In the form of opendkim-genkey: RSA with 2048 bits, which every receiver can check."""
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode("ascii")


def check_database(place: Place, answers: Answers) -> None:
    """A site that has a database gets no other one here, and no new key of its hashes. Raises SettingsError."""
    now = place.read(f"{SECRETS}/database_url").strip()
    exists = not now.startswith("sqlite") or place.path(urlsplit(now).path.removeprefix("/")).exists()
    if now and exists and now != database_url(answers):
        raise SettingsError(
            "The site has a database already, and another one would begin empty: `petition move URL` takes everything "
            f"along, then write its address into {SECRETS}/database_url."
        )
    if now.startswith("sqlite") and exists and not _has_own_email_key(place) and not place.path(EMAIL_KEY).exists():
        raise SettingsError(
            f"{EMAIL_KEY} is missing, and the site has a database: put the old key back, because with a new one "
            "everybody could sign again."
        )


def shipped_placeholders(campaign: dict[str, Any]) -> set[str]:
    """Names of the links that our own campaign asks for; of another one, none."""
    shipped = tomllib.loads((Path(SHIPPED_DATA) / "campaign.toml").read_text("utf-8"))
    return questions.placeholder_links(shipped) if campaign.get("id") == shipped["id"] else set()
