"""The mail server of a provider, run by the Python of the booted machine: every email becomes a file of a folder."""

import asyncio
import sys
from pathlib import Path

ANSWERS = {b"DATA": b"354 go on", b"QUIT": b"221 bye", b"EHLO": b"250-mx\r\n250 8BITMIME"}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mx\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(ANSWERS.get(verb, b"250 ok") + b"\r\n")
        if verb == b"DATA":
            _store(await reader.readuntil(b"\r\n.\r\n"))
            writer.write(b"250 ok\r\n")
        if verb == b"QUIT":
            break
        await writer.drain()
    writer.close()


def _store(email: bytes) -> None:
    folder = Path(sys.argv[2])
    partial = folder / "partial"
    partial.write_bytes(email)
    partial.rename(folder / f"{len(list(folder.iterdir()))}.eml")


async def _main() -> None:
    async with await asyncio.start_server(_serve, sys.argv[1], 25) as server:
        await server.serve_forever()


asyncio.run(_main())
