"""Leaves a home folder that this account may not open: `su` and `setpriv` keep the one of the account before."""

import os
from pathlib import Path


def leave_closed_home() -> None:
    """asyncpg looks for certificates and passwords below HOME. It fails if it may not, whatever the URL says."""
    try:
        home = Path.home()
    except RuntimeError:  # nobody knows where it is: asyncpg looks nowhere
        return
    if not os.access(home, os.X_OK):
        os.environ["HOME"] = "/"
