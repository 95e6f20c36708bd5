"""The records that the DNS must have for a site and its email, and whether what is there is good enough."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from petition.commands.setup.checks import OWN_RELAY
from petition.commands.setup.place import Place
from petition.commands.setup.questions import Answers
from petition.commands.setup.server_files import host, sender_domain
from petition.commands.setup.settings_files import DKIM_KEY, SECRETS
from petition.core.errors import DataError
from petition.letters.editions.index_signature import DNS_LABEL, IndexSigner

_SELECTOR = "petition"  # as in opendkim.conf
_AUTHORITY = "letsencrypt.org"  # where certbot gets the certificate
Found = list[str]  # the values of one name and type; texts as one string


@dataclass(frozen=True, slots=True)
class Record:
    """`judge` says what is wrong with the values found, if there is one at all; empty if nothing is."""

    name: str
    kind: str
    value: str
    why: str
    judge: Callable[[Found], str]
    marks: str = ""  # with what a text of this kind begins; other texts of the same name do not count


def wanted_records(place: Place, answers: Answers) -> list[Record]:
    """What a relay elsewhere signs and sends from is its owner's to say."""
    name, domain = host(answers), sender_domain(answers)
    addresses = {version: answers[version] for version in ("ipv4", "ipv6") if answers[version]}
    kinds = {"ipv4": "A", "ipv6": "AAAA"}
    records = [
        Record(name, kinds[version], address, "the site", _only(address)) for version, address in addresses.items()
    ]
    if answers["relay"] == OWN_RELAY:
        records += _sending(place, answers, addresses)
    if secret := place.read(f"{SECRETS}/letters_key").strip():
        records.append(_letters(name, secret))
    dmarc = "v=DMARC1; p=reject; adkim=s; aspf=s"
    return [
        *records,
        Record(f"_dmarc.{domain}", "TXT", dmarc, "nobody else sends in this name", _judge_dmarc, "v=DMARC1"),
        Record(name, "CAA", f'0 issue "{_AUTHORITY}"', "nobody else makes a certificate", _judge_caa),
    ]


def _letters(name: str, secret: str) -> Record:
    key = IndexSigner(secret, f"https://{name}").public_key
    why = "which key signs the list of an edition"
    return Record(f"{DNS_LABEL}.{name}", "TXT", key, why, lambda found: "" if found == [key] else "it is another key")


def _sending(place: Place, answers: Answers, addresses: dict[str, str]) -> list[Record]:
    name, domain = host(answers), sender_domain(answers)
    spf = [f"{version.replace('v', '')}:{address}" for version, address in addresses.items()]
    key = f"v=DKIM1; h=sha256; k=rsa; s=email; p={_public_key(place)}"
    reports = f"v=TLSRPTv1; rua=mailto:{answers['contact']}"
    return [
        _exchange(answers, domain),
        Record(domain, "TXT", f"v=spf1 {' '.join(spf)} -all", "which machine may send", _judge_spf(spf), "v=spf1"),
        Record(f"{_SELECTOR}._domainkey.{domain}", "TXT", key, "the signature of each email", _judge_dkim(key)),
        *(
            Record(
                ip_address(address).reverse_pointer, "PTR", f"{name}.", "at your host, not in your zone", _only(name)
            )
            for address in addresses.values()
        ),
        Record(f"_smtp._tls.{domain}", "TXT", reports, "who hears of failed TLS", lambda _: "", "v=TLSRPTv1"),
    ]


def sender_records(domain: str, *, is_signed_here: bool) -> list[Record]:
    """What every sender needs, whatever its machine; setup knows more, and wants more."""
    records = [
        Record(domain, "MX", "", "a sender that nobody can write to is refused", _judge_mx),
        Record(domain, "TXT", "", "which machine may send", _judge_spf([]), "v=spf1"),
        Record(f"_dmarc.{domain}", "TXT", "", "nobody else sends in this name", _judge_dmarc, "v=DMARC1"),
    ]
    signature = Record(f"{_SELECTOR}._domainkey.{domain}", "TXT", "", "the signature of each email", _judge_any_dkim)
    return [*records, signature] if is_signed_here else records


def _exchange(answers: Answers, domain: str) -> Record:
    """This machine takes no email. An address of ours in the same domain needs a provider of mailboxes."""
    own = next((answers[name] for name in ("contact", "alerts") if answers[name].endswith(f"@{domain}")), "")
    if not own:
        value = f"10 {host(answers)}."
        return Record(domain, "MX", value, "a sender that nobody can write to is refused", _judge_mx)

    def judge(found: Found) -> str:
        here = any(_same(value.split()[-1]) == host(answers) for value in found)
        return f"this machine takes no email: nobody would read {own}" if here else _judge_mx(found)

    return Record(domain, "MX", "as the provider of your mailboxes says", f"for {own}", judge)


def _public_key(place: Place) -> str:
    """Of the key that OpenDKIM signs with, as a record has it. Raises DataError."""
    try:
        key = load_pem_private_key(place.path(DKIM_KEY).read_bytes(), None)
    except (OSError, ValueError, TypeError):
        raise DataError(f"{DKIM_KEY} holds no key that can be read: run petition setup as root.") from None
    if not isinstance(key, RSAPrivateKey):
        raise DataError(f"{DKIM_KEY} is no RSA key, and many receivers check no other: delete it, run petition setup.")
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode("ascii")


def _only(value: str) -> Callable[[Found], str]:
    """Every value is this one, since visitors and mail servers take any of them."""
    wanted = _same(value)
    return lambda found: "" if {_same(each) for each in found} == {wanted} else "it leads elsewhere"


def _same(value: str) -> str:
    try:
        return str(ip_address(value))
    except ValueError:
        return value.rstrip(".").lower()


def _judge_mx(found: Found) -> str:
    """Any will do, such as the one of a provider with mailboxes, but not the one that says: no email (RFC 7505)."""
    return "it says that the domain takes no email" if any(value.split()[-1] == "." for value in found) else ""


def _judge_spf(wanted: list[str]) -> Callable[[Found], str]:
    def judge(found: Found) -> str:
        if len(found) > 1:
            return "there are two such texts, and then none counts (RFC 7208)"
        words = [_same_mechanism(word) for word in found[0].split()]
        lacking = [word for word in wanted if _same_mechanism(word) not in words]
        if lacking:
            return f"it lacks {' '.join(lacking)}"
        return "" if words[-1] in ("-all", "~all") else "it does not end in -all: then anybody may send"

    return judge


def _same_mechanism(word: str) -> str:
    kind, _, address = word.removeprefix("+").lower().partition(":")
    return f"{kind}:{_same(address)}" if address else kind


def _judge_dkim(wanted: str) -> Callable[[Found], str]:
    def judge(found: Found) -> str:
        if len(found) > 1:
            return "there are several, and a receiver takes any of them"
        return "" if _tags(found[0]).get("p") == _tags(wanted)["p"] else "it is the key of another signature"

    return judge


def _judge_any_dkim(found: Found) -> str:
    """An empty key takes the signature back (RFC 6376, 3.6.1)."""
    return _judge_dkim(found[0])(found) if _tags(found[0]).get("p") else "it has no key"


def _judge_dmarc(found: Found) -> str:
    if len(found) > 1:
        return "there are two such texts, and then none counts"
    tags = _tags(found[0])
    if "ruf" in tags:
        return "with ruf, reports carry people's addresses to somebody: leave it out"
    return "" if tags.get("p") in ("reject", "quarantine") else "with this p anybody may send in your name"


def _judge_caa(found: Found) -> str:
    issuers = [value.split('"')[1].split(";")[0].strip() for value in found if re.match(r'\d+ issue "', value)]
    return "" if not issuers or _AUTHORITY in issuers else "certbot gets no certificate"


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}
