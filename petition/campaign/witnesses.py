"""Who watches the public log, as campaign.toml says: the keys of the witnesses, and how many of them are enough."""

import re
from dataclasses import dataclass

from petition.core.toml_tables import TEXT, WHOLE_NUMBER, Kind, Table, list_of

_VKEY: Kind[str] = Kind(
    "the public key of a witness, NAME+HASH+KEY",
    lambda value: TEXT.fits(value) and bool(re.fullmatch(r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", value)),
)
_VKEYS = list_of(_VKEY, "public keys of witnesses, NAME+HASH+KEY")


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
