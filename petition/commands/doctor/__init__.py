"""The doctor: checks an installation. Each module has the checks of one subject; `checks` lists them all.

Offers: `check_installation`, `find_traces`, `Finding`. May import: everything below `commands`, and `preflight`.
"""

from petition.commands.doctor.checks import check_installation
from petition.commands.doctor.finding import Finding
from petition.commands.doctor.traces import find_traces

__all__ = ["Finding", "check_installation", "find_traces"]
