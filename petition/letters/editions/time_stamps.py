"""Time stamps of editions: what proves, without us, that a list of letters existed at a time."""

import asyncio
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import partial

from petition.core.database.connection import Connection
from petition.core.database.database import Database
from petition.letters.editions import index_list, rfc3161
from petition.organisers import activity_log

RETRY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """`index`: the list that was stamped; `service`: who did; `reply`: their TimeStampResp, in DER."""

    index: bytes
    service: str
    reply: bytes

    def readme(self) -> str:
        return (
            f"index.csv.tsr is a time stamp (RFC 3161) of index.csv by {self.service}: it proves that the list existed "
            "then.\nWith the root certificate of that service in FILE, openssl checks it:\n\n"
            "    openssl ts -verify -data index.csv -in index.csv.tsr -CAfile FILE\n"
        )


async def find_stamp(c: Connection, edition: int) -> TimeStamp | None:
    row = await c.one("time_stamps.of_edition", edition=edition)
    return TimeStamp(row["index_csv"].encode(), row["service"], b64decode(row["reply"])) if row else None


async def stamp_missing(database: Database, service: str) -> None:
    """Gets a time stamp for each edition that has none. Raises LetterError for the first that gets none."""
    async with database.reading() as c:
        numbers = [int(row["number"]) for row in await c.all("time_stamps.missing")]
        lists = [(number, await index_list.read_index(c, number)) for number in numbers]
    for number, index in lists:
        reply = await asyncio.to_thread(rfc3161.get_time_stamp, index, service)
        await database.write(partial(_insert, edition=number, stamp=TimeStamp(index, service, reply)))


async def _insert(c: Connection, *, edition: int, stamp: TimeStamp) -> None:
    values = {"index_csv": stamp.index.decode(), "service": stamp.service, "reply": b64encode(stamp.reply).decode()}
    if await c.one("time_stamps.insert", edition=edition, **values) is not None:
        await activity_log.append(c, activity_log.SERVER, "got a time stamp", f"edition {edition}")
