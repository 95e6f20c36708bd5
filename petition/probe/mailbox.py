"""The probe's own mailbox: a Maildir into which the relay delivers. Only what Petition sent there is touched."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from petition.core.errors import SettingsError
from petition.mail.bounce_reports import maildir_files
from petition.mail.mime_parts import parse_head, read_parts, split_head

_MAX_BYTES = 200_000  # ours have ten thousand


class Mailbox:
    """Raises SettingsError for a folder that cannot be used."""

    def __init__(self, folder: Path, address: str) -> None:
        if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise SettingsError(
                f"PETITION_PROBE_MAILDIR: {folder} must be a folder that this account can read and empty."
            )
        self._folder, self._address = folder, address

    def texts(self) -> Iterator[str]:
        """The plain text of each email of ours."""
        for _, content in self._own():
            yield next((p.body.decode("utf-8", "replace") for p in read_parts(content) if p.kind == "text/plain"), "")

    def empty(self) -> None:
        """Deletes what this probe and earlier ones got."""
        for file, _ in self._own():
            file.unlink(missing_ok=True)

    def _own(self) -> Iterator[tuple[Path, bytes]]:
        for file in maildir_files(self._folder):
            try:
                with file.open("rb") as opened:
                    content = opened.read(_MAX_BYTES)
            except FileNotFoundError:  # another run has deleted it
                continue
            except OSError as error:
                raise SettingsError(f"PETITION_PROBE_MAILDIR: an email cannot be read: {error.strerror}.") from None
            head = parse_head(split_head(content.replace(b"\r\n", b"\n"))[0])
            if "x-reference" in head and head.get("to", "").strip().lower() == self._address:
                yield file, content


def find_link(text: str, base_url: str) -> str:
    """The path of the link to confirm; empty if the email has none to this site."""
    found = re.search(rf"^{re.escape(base_url)}(/[\w-]+/confirm/[\w.~-]+)\s*$", text, re.M | re.A)
    return found[1] if found else ""
