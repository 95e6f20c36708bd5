"""What an answer must be. Each check returns the answer as it is stored, or raises SettingsError with what to do."""

import re
from collections.abc import Iterable
from datetime import date
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from petition.core import clock, encryption
from petition.core import setting_parsers as parse
from petition.core.email_addresses import EmailProviders, exact_form
from petition.core.errors import SettingsError

OWN_RELAY = "postfix"  # the answer that means Postfix on this machine
OWN_DATABASE = "sqlite"
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
]


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise SettingsError("This is no address of the web: a bracket in it has no other half.") from None


def site(text: str) -> str:
    """https and a name, as browsers send it in Origin."""
    parts = _split(text if "://" in text else f"https://{text}")
    address = exact_form(f"a@{parts.hostname or ''}")
    if parts.scheme != "https" or parts.netloc.lower() != (parts.hostname or "") or parts.path.strip("/"):
        raise SettingsError("The public address is https:// and a name, like https://petition.example, and no more.")
    if address is None or parts.query or parts.fragment:
        raise SettingsError("The public address needs a name in the DNS, like https://petition.example.")
    return f"https://{address.removeprefix('a@')}"


def line(text: str) -> str:
    if not text.isprintable():
        raise SettingsError("This is one line of text.")
    return text


def goal(text: str) -> str:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 10**9:
        raise SettingsError("The goal is a number above zero, in digits alone, like 10000.")
    return str(int(text))


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError("This is no day: write year, month and day, like 2027-03-31.") from None


def deadline(text: str, earlier: str) -> str:
    """In the future; the one that is set already may have passed."""
    if day(text) <= clock.today() and text != earlier:
        raise SettingsError(f"{text} is not in the future: the deadline is after today, {clock.today()}.")
    return day(text).isoformat()


def destruction(text: str, deadline_day: str, earlier: str) -> str:
    """After the deadline, and in the future if it is not the one that is set already."""
    if day(text) <= clock.today() and text != earlier:
        raise SettingsError(f"{text} is not in the future: everything would be destroyed at once.")
    if day(text) <= day(deadline_day):
        raise SettingsError(
            f"{text} is not after the deadline, {deadline_day}: everything would be destroyed too soon."
        )
    return day(text).isoformat()


def link(text: str) -> str:
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch(r"[!-~]+", text) or '"' in text:
        raise SettingsError("A link begins with https:// and has no space.")
    return text


def email(text: str, providers: EmailProviders) -> str:
    """An address that no authority of a listed state can read."""
    address = providers.parse(text)
    if address is None:
        raise SettingsError("This is not an email address: it is like name@example.org.")
    if provider := providers.readable_provider(address):
        raise SettingsError(f"The authorities of {provider.state} can read mailboxes there: use another provider.")
    return address.exact


def sender(text: str, providers: EmailProviders, words: Iterable[str]) -> str:
    """People are seen with its name on their phone, at a border too. So it says nothing of the campaign."""
    if re.search(r'["\\$`]', text):
        raise SettingsError('The sender is like Links <links@example.org>, without " \\ $ or `.')
    try:
        parse.mail_from(text)
    except SettingsError:
        raise SettingsError("The sender is like Links <links@example.org>.") from None
    address = email(parseaddr(text)[1], providers)
    domain = address.rpartition("@")[2]
    if providers.reviewed_provider(domain):
        raise SettingsError(
            f"{domain} belongs to a provider of mailboxes, which tells everybody to refuse its name from another "
            "machine (DMARC): use a domain of your own."
        )
    if word := next((word for word in words if word in text.lower()), ""):
        raise SettingsError(
            f"“{word}” says what the campaign is about, and a sender is seen at a border: leave it out."
        )
    return text


def recipients(text: str, others: str = "") -> str:
    """One public key of age or more, all different from each other and from the others. None is ever repeated here."""
    keys = parse.split_list(text)
    if "AGE-SECRET-KEY-" in text.upper():
        raise SettingsError(
            "This is a secret key, and it has been on this machine now: make a new pair with age-keygen on your own "
            "machine, and give only the line that begins with age1."
        )
    for key in keys:
        try:
            encryption.parse_recipient(key)
        except SettingsError:
            raise SettingsError("This is not a public key of age: it begins with age1 and has 62 characters.") from None
    if len({*keys, *parse.split_list(others)}) < len(keys) + len(parse.split_list(others)):
        raise SettingsError("This is the same key twice: a lost key must not lose everything, so take another one.")
    return ",".join(keys)


def database(text: str) -> str:
    if text == OWN_DATABASE or (text.startswith("sqlite:////") and text[11:].strip("/")):
        return text
    parts = _split(text)
    if parts.scheme != "postgresql" or not parts.netloc or not parts.path.strip("/"):
        raise SettingsError("The database is sqlite, or an address like postgresql://user:password@127.0.0.1/petition.")
    return line(text)


def relay(text: str) -> str:
    if text == OWN_RELAY:
        return text
    try:
        urls = parse.smtp_urls(line(text))
    except SettingsError as error:
        raise SettingsError(f"{error} Or write postfix: this machine sends itself.") from None
    return ",".join(urls)


def address(text: str, version: int) -> str:
    """An address of this machine as the world sees it."""
    try:
        found = ip_address(text)
    except ValueError:
        raise SettingsError(f"This is no IPv{version} address.") from None
    if found.version != version:
        raise SettingsError(f"This is an IPv{found.version} address, asked is IPv{version}.")
    if any(found in network for network in _NOT_PUBLIC):
        raise SettingsError(f"{found} is for a network inside: give the address that the world sees.")
    return str(found)


def onion(text: str) -> str:
    return parse.onion_url(text)


def nickname(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,40}", text):
        raise SettingsError("A nickname has 2 to 40 letters, digits, - or _.")
    return text
