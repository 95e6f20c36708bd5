"""Proofs that need no network (.tlog-proof): made from what a site serves, and checked on any machine."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from petition.core import clock
from petition.log import proofs
from petition.log.client import documents
from petition.log.client.copies import LogCopy, open_head, read_copy, read_signed
from petition.log.client.findings import WHERE_KEYS_ARE, Finding, failed, passed
from petition.log.client.policies import Policy
from petition.log.client.sources import Source
from petition.log.entries import Entry, decode, sha256
from petition.log.errors import LogError
from petition.log.note_keys import LOG, has_log_key, name_of, parse_vkey
from petition.log.notes import Head, Opened
from petition.log.tree import inclusion_proof


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry that a log has signed, at its place."""

    entry: Entry
    index: int
    head: Head
    opened: Opened

    @property
    def where(self) -> str:
        return f"place {self.index + 1} of {self.head.size} of {self.head.origin}{say_cosigned(self.opened)}"


def prove_reference(source: Source, vkeys: Sequence[str], reference: str) -> str:
    """The .tlog-proof of a letter or list of names. Raises LogError."""
    copy = _read_whole(source, vkeys)
    return _make_proof(copy, documents.find_reference(_decode(copy), reference))


def prove_document(source: Source, vkeys: Sequence[str], content: bytes) -> str:
    """The .tlog-proof of a file. Raises LogError if it is not logged."""
    copy = _read_whole(source, vkeys)
    places = documents.find_places(_decode(copy), sha256(content))
    if not places:
        raise LogError(f"The document is not in the log. {documents.NOT_LOGGED}")
    return _make_proof(copy, places[0].n)


def _read_whole(source: Source, vkeys: Sequence[str]) -> LogCopy:
    note, _ = read_signed(source, vkeys)
    copy = read_copy(source, note)
    if not copy.is_whole:
        raise LogError(copy.problems[0])
    return copy


def _decode(copy: LogCopy) -> dict[int, Entry]:
    """Entries of kinds that this version does not know are left out."""
    entries = dict[int, Entry]()
    for n, content in copy.entries.items():
        try:
            entries[n] = decode(content)
        except LogError:
            continue
    return entries


def _make_proof(copy: LogCopy, n: int) -> str:
    hashes = inclusion_proof(copy.subtrees, n, copy.head.size)
    return proofs.make_proof(n, hashes, copy.note, copy.entries[n])


def check_documents(
    text: str, named: Mapping[str, bytes], vkeys: Sequence[str], policy: Policy | None
) -> Iterator[Finding]:
    """A proof, and each document that it should be of; `named`: by the name of its file."""
    try:
        proven = open_proof(text, vkeys, policy)
    except LogError as error:
        yield failed(str(error))
        return
    yield passed(f"The proof holds: {proven.where}.")
    for name, content in named.items():
        places = documents.find_places({proven.index: proven.entry}, sha256(content))
        if places:
            yield passed(f"{name}: logged as {places[0].text}.")
        else:
            yield failed(f"{name}: the proof is of another document.")


def open_proof(text: str, vkeys: Sequence[str], policy: Policy | None) -> Proven:
    """Raises LogError unless the log has signed it, and enough witnesses."""
    if not has_log_key(vkeys):
        raise LogError(f"A proof needs the key of the log: --vkey. Get it from {WHERE_KEYS_ARE}.")
    proof = proofs.parse_proof(text)
    head, opened = open_head(proof.note, vkeys)
    proven = proofs.check_proof(proof, vkeys, head.origin)
    if policy and not policy.is_met(opened.times):
        raise LogError("Too few witnesses of the policy have signed the checkpoint in the proof.")
    return Proven(decode(proven.entry), proof.index, head, opened)


def say_cosigned(opened: Opened) -> str:
    """Such as `; cosigned by witness.example/w1 at 2026-11-22 10:12 UTC`, or nothing."""
    times = {name_of(vkey): _say_time(time) for vkey, time in opened.times.items() if parse_vkey(vkey).kind != LOG}
    return "; cosigned " + ", ".join(f"by {name} at {time}" for name, time in sorted(times.items())) if times else ""


def _say_time(time: int) -> str:
    try:
        return f"{clock.from_epoch(time):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return "an impossible time"
