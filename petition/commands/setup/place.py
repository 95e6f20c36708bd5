"""Where setup writes: below a root folder, for the accounts of the system in it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from petition.core.errors import DataError, SettingsError

SERVICE = "petition"  # the account that the service runs as
HOME = "/etc/petition"


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Place:
    root: Path

    @property
    def is_this_machine(self) -> bool:
        return self.root == Path("/")

    def path(self, name: str) -> Path:
        """Where a file of the machine, such as /etc/petition/petition.env, is below the root."""
        return self.root / name.lstrip("/")

    def account(self, name: str) -> Account | None:
        """As /etc/passwd below the root has it."""
        for line in self.read("/etc/passwd").splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 3:
                return Account(int(fields[2]), int(fields[3]))
        return None

    def service(self) -> Account:
        """The account of the service; in a folder without one, our own."""
        return self.account(SERVICE) or Account(os.getuid(), os.getgid())

    def read(self, name: str) -> str:
        """The text of a file; empty if there is none. Raises DataError."""
        try:
            return self.path(name).read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise DataError(f"{name} cannot be read: {reason}.") from None

    def check(self, *, sends_itself: bool = False) -> None:
        """Raises SettingsError if we may not write here, or an account is missing."""
        if not self.is_this_machine:
            return
        if os.geteuid() != 0:
            raise SettingsError("petition setup writes into /etc: run it as root, or name a folder with --root.")
        if self.account(SERVICE) is None:
            command = "adduser --system --group --home /var/lib/petition --no-create-home petition"
            raise SettingsError(f"There is no account `petition` on this machine: {command}")
        if sends_itself and self.account("opendkim") is None:
            raise SettingsError("Postfix or OpenDKIM is missing on this machine: apt install postfix opendkim")


@contextmanager
def hold(place: Place) -> Iterator[None]:
    """Raises SettingsError if another setup runs in the same place. The lock ends with this process."""
    folder = place.path(HOME)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made: {error.strerror}.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SettingsError("Another petition setup is running: finish it first.") from None
    finally:
        os.close(descriptor)
