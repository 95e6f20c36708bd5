"""Whether the clock of this machine is known to be right: kept in step with the time of the world (NTP)."""

import ctypes
from contextlib import suppress
from pathlib import Path

from petition.core import clock
from petition.core.clock import DAY

_TIMESYNCD = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd touches it each time it has asked
_UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2): nothing has set the clock, or not for hours
_TIMEX_BYTES = 512  # more than struct timex has on any machine; all zero: change nothing


def is_synchronised() -> bool:
    """False if nothing tells that it is; a clock that somebody set by hand is not."""
    return _timesyncd_knows() or _kernel_knows()


def _timesyncd_knows() -> bool:
    """A clock that jumped after timesyncd had asked is far from the time of the file."""
    with suppress(OSError):  # timesyncd is not used here
        return abs(clock.epoch() - _TIMESYNCD.stat().st_mtime) < DAY
    return False


def _kernel_knows() -> bool:
    """Any program that keeps the clock right (chrony, ntpd) tells the kernel. Not Linux, or not allowed: False."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _UNSYNCHRONISED
