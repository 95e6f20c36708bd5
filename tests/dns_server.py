"""A real DNS server for the tests: over UDP, on a loopback port, with the records that a test gives it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]  # (name, type): values as a zone file has them


class DnsServer:
    """`zone` may change while it runs; with `is_broken` it answers SERVFAIL."""

    def __init__(self, zone: Zone) -> None:
        self.zone, self.is_broken = zone, False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"

    def serve(self) -> None:
        """Until stop()."""
        while (packet := self._socket.recvfrom(4096))[0]:
            self._socket.sendto(self._answer(packet[0]), packet[1])
        self._socket.close()

    def stop(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())

    def _answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        response, asked = dns.message.make_response(query), query.question[0]
        response.flags |= dns.flags.RA
        name = asked.name.to_text().rstrip(".").lower()
        if self.is_broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif not any(known == name for known, _ in self.zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif values := self.zone.get((name, dns.rdatatype.to_text(asked.rdtype))):
            response.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", asked.rdtype, values))
        return response.to_wire()


@contextmanager
def running(zone: Zone) -> Iterator[DnsServer]:
    server = DnsServer(zone)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=120)
