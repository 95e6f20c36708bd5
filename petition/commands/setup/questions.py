"""The questions, in their order: what each asks, what its answer must be, and what Enter stands for."""

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from petition.commands.setup import checks
from petition.core.email_addresses import EmailProviders
from petition.core.errors import SettingsError

Answers = dict[str, str]
LINK = "link_"  # before the name of a link of the campaign
PLACEHOLDER = "PLACEHOLDER "  # before what a value of campaign.toml should be


@dataclass(frozen=True, slots=True)
class Known:
    """What the questions may use: answers given now, those of an earlier run, the campaign as it is, the providers."""

    earlier: Answers
    campaign: dict[str, Any]
    providers: EmailProviders
    given: Answers = field(default_factory=dict)

    @property
    def host(self) -> str:
        return urlsplit(self.given["site"]).hostname or ""


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    text: str
    check: Callable[[str, Known], str]
    default: Callable[[Known], str] = lambda _: ""
    needed: bool = True

    def usual_answer(self, known: Known) -> str:
        """What Enter stands for: the earlier answer or else the default, if it can be used."""
        for text in (known.earlier.get(self.name, ""), self.default(known)):
            with suppress(SettingsError):
                if text:
                    return self.check(text, known)
        return ""


def all_questions(campaign: dict[str, Any], links: Iterable[str]) -> list[Question]:
    """`links` are the names of those links of the campaign that are asked for."""
    return [*_ABOUT_THE_CAMPAIGN, *_links(campaign, set(links)), *_ABOUT_THE_KEYS, *_ABOUT_THE_SERVER]


def placeholder_links(campaign: dict[str, Any]) -> set[str]:
    return {name for name, url in campaign.get("links", {}).items() if _is_placeholder(url)}


def _plain(check: Callable[[str], str]) -> Callable[[str, Known], str]:
    return lambda text, _: check(text)


def _email(text: str, known: Known) -> str:
    return checks.email(text, known.providers)


def campaign_words(campaign: dict[str, Any], organiser: str) -> list[str]:
    """Words of five letters or more in the names and hashtags of a campaign, longest first, and their beginnings.

    The beginning of a long word counts too: `belarus` stands in `belarusian`.
    """
    names = campaign.get("organiser", {}).get("name", {}).values()
    tags = [re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag) for tag in campaign.get("hashtags", [])]
    texts = [campaign.get("id", ""), organiser, *names, *tags]
    words = {word.lower() for text in texts for word in re.findall(r"[^\W\d_]{5,}", str(text))}
    return sorted(words | {word[:7] for word in words if len(word) > 7}, key=len, reverse=True)


def _sender(text: str, known: Known) -> str:
    words = campaign_words(known.campaign, known.given["organiser"])
    return checks.sender(text, known.providers, words)


def _own_address(version: int) -> str:
    """The address that this machine sends from, if the world can reach it; no packet is sent."""
    family, far = {4: (socket.AF_INET, "192.0.2.1"), 6: (socket.AF_INET6, "2001:db8::1")}[version]
    with suppress(OSError, SettingsError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((far, 9))
        return checks.address(probe.getsockname()[0], version)
    return ""


def _ipv4(text: str, _: Known) -> str:
    return checks.address(text, 4)


def _ipv6(text: str, _: Known) -> str:
    return checks.address(text, 6)


_ABOUT_THE_CAMPAIGN = [
    Question("site", "Public address of the site, like https://petition.example", _plain(checks.site)),
    Question(
        "organiser",
        "Name of the organiser, in English",
        _plain(checks.line),
        lambda known: str(known.campaign.get("organiser", {}).get("name", {}).get("en", "")),
    ),
    Question("controller", "Controller: registered name and postal address of the organisation", _plain(checks.line)),
    Question("contact", "Contact: an email address for questions about personal data, shown on the site", _email),
    Question("goal", "Goal: how many signatures", _plain(checks.goal)),
    Question(
        "deadline",
        "Deadline of the demand (a day, like 2027-03-31)",
        lambda text, known: checks.deadline(text, known.earlier.get("deadline", "")),
    ),
    Question(
        "destruction",
        "Day on which everything about signatories is destroyed, at the latest",
        lambda text, known: checks.destruction(text, known.given["deadline"], known.earlier.get("destruction", "")),
    ),
]


def _links(campaign: dict[str, Any], asked: set[str]) -> Iterator[Question]:
    """The first known link, which is the organiser's own page, stands in for one that does not exist yet."""
    links = campaign.get("links", {})
    first = next((url for url in links.values() if not _is_placeholder(url)), "")
    for name in (name for name in links if name in asked):
        about = links[name].removeprefix(PLACEHOLDER) if _is_placeholder(links[name]) else f"for “{name}”"
        yield Question(LINK + name, f"Link: {about}", _plain(checks.link), lambda _: first)


def _is_placeholder(value: object) -> bool:
    return str(value).startswith(PLACEHOLDER)


_ABOUT_THE_KEYS = [
    Question(
        "first_key", "Public key of the first organiser (age1…, made on their own machine)", _plain(checks.recipients)
    ),
    Question(
        "second_key",
        "Public key of a second organiser; more may follow after commas",
        lambda text, known: checks.recipients(text, known.given["first_key"]),
    ),
]
_ABOUT_THE_SERVER = [
    Question(
        "sender",
        "Sender of the emails, without a word of the campaign",
        _sender,
        lambda known: f"Links <links@{known.host}>",
    ),
    Question(
        "relay",
        "Who sends email: postfix (this machine), or a relay like smtp://user:password@host:587",
        _plain(checks.relay),
        lambda _: checks.OWN_RELAY,
    ),
    Question("alerts", "Your own address: the site writes there when something is wrong", _email),
    Question(
        "database",
        "Database: sqlite, or postgresql://user:password@127.0.0.1/petition",
        _plain(checks.database),
        lambda _: checks.OWN_DATABASE,
    ),
    Question("ipv4", "IPv4 address of this machine", _ipv4, lambda _: _own_address(4)),
    Question("ipv6", "IPv6 address of this machine", _ipv6, lambda _: _own_address(6), needed=False),
    Question("onion", "Onion address, http://….onion", _plain(checks.onion), needed=False),
    Question(
        "admin",
        "Nickname of the first organiser who may do everything at the desk",
        _plain(checks.nickname),
        lambda _: "admin",
    ),
]
