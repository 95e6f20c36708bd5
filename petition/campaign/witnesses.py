"""Who watches the public log, as campaign.toml says: the keys of the witnesses, and how many of them are enough."""

import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass

from petition.core.toml_tables import TEXT, WHOLE_NUMBER, Kind, Table, list_of

_COSIGNATURE = b"\x04"  # the kind of key: Ed25519 with the time
_VKEY: Kind[str] = Kind(
    "the public key of a witness, NAME+HASH+KEY",
    lambda value: TEXT.fits(value) and _is_vkey(value),
)
_VKEYS = list_of(_VKEY, "public keys of witnesses, NAME+HASH+KEY, without a typing error")


def _is_vkey(text: str) -> bool:
    """A key of c2sp.org/tlog-cosignature: its hash, of name and key, finds each typing error."""
    found = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", text)
    if found is None:
        return False
    name, hash_, key = found.groups()
    content = b64decode(key)
    said = hashlib.sha256(name.encode() + b"\n" + content).hexdigest()[:8]
    return content[:1] == _COSIGNATURE and hash_ == said


@dataclass(frozen=True, slots=True)
class Witnesses:
    """`vkeys`: public keys, as c2sp.org/signed-note writes them; `quorum`: how many of them must have signed."""

    vkeys: tuple[str, ...] = ()
    quorum: int = 0


def read_witnesses(log: Table) -> Witnesses:
    """`[log]` of campaign.toml. Raises DataError."""
    vkeys = tuple(log.optional("witnesses", _VKEYS, []))
    quorum = log.optional("quorum", WHOLE_NUMBER, len(vkeys) // 2 + 1 if vkeys else 0)
    if not (0 < quorum <= len(vkeys) or quorum == len(vkeys) == 0):
        raise log.fault("quorum is a number from 1 to that of the witnesses")
    if len({vkey.split("+")[0] for vkey in vkeys}) < len(vkeys):
        raise log.fault("two witnesses have the same name")
    return Witnesses(vkeys, quorum)
