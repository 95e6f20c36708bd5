"""A relay that accepts everything and writes down when each mailbox got its email.

`python -m tests.bench.sink FILE [SECONDS [PORT]]`, with a pause before each email. Only the SMTP that is
needed, in its own process, so that it costs the deliverer nothing.
"""

import asyncio
import sys
import time
from typing import TextIO

import uvloop

ANSWERS = {"EHLO": "250-sink\r\n250 PIPELINING", "HELO": "250 sink", "DATA": "354 go on", "QUIT": "221 bye"}


async def relay(told: TextIO, pause: float, port: int) -> None:
    """Prints its port, then serves until it is stopped."""

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        to = ""
        while words := (await reader.readline()).decode().split():
            verb = words[0].upper()
            writer.write(f"{ANSWERS.get(verb, '250 2.0.0 well')}\r\n".encode())
            if verb == "RCPT":
                to = words[1].partition("<")[2].rstrip(">")
            elif verb == "DATA":
                await reader.readuntil(b"\r\n.\r\n")
                await asyncio.sleep(pause)
                writer.write(b"250 2.0.0 taken\r\n")
                told.write(f"{time.time():.4f} {to}\n")
            elif verb == "QUIT":
                break
        writer.close()

    server = await asyncio.start_server(line, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1], "w", buffering=1) as file:  # noqa: PTH123 (line buffered)
        uvloop.run(
            relay(file, *[convert(text) for convert, text in zip((float, int), [*sys.argv[2:], 0, 0], strict=False)])
        )
