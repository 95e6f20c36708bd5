"""`python -m tests.readme`: writes the table of settings into the README, made from the table in the code."""

import re

from petition.core.settings import readme_table
from tests import ROOT

README = ROOT / "README.md"


def written() -> str:
    """The README with its table up to date."""
    before, heading, after = README.read_text("utf-8").partition("## Settings\n")
    return before + heading + re.sub(r"(^\|.*\n)+", lambda _: readme_table(), after, count=1, flags=re.M)


if __name__ == "__main__":
    README.write_text(written(), "utf-8")
