"""A time stamp (RFC 3161) on a checkpoint: a service that courts know says when the log had this history."""

from collections.abc import Sequence
from pathlib import Path

from petition.letters.editions import rfc3161
from petition.log.client.copies import read_signed
from petition.log.client.sources import Source
from petition.log.errors import LogError
from petition.retention.new_files import new_files


def stamp(source: Source, vkeys: Sequence[str], service: str, output: Path) -> str:
    """Writes the checkpoint into a new file and its time stamp beside it; how to check them. Raises PetitionError."""
    if not service.startswith(("http://", "https://")):
        raise LogError(f"{service} is no address (https://…) of a time stamp service.")
    note, head = read_signed(source, vkeys)
    reply = output.with_name(f"{output.name}.tsr")
    with new_files({output: note.encode(), reply: rfc3161.get_time_stamp(note.encode(), service)}):
        pass
    return (
        f"{output} has the checkpoint of {head.size} entries, {reply} its time stamp. With the root certificate of "
        f"the service in FILE, openssl checks it:\nopenssl ts -verify -data {output} -in {reply} -CAfile FILE"
    )
