"""`petition` whose servers prune ten times a second. Each worker that is started also reads this file."""

import sys

from petition.__main__ import main
from petition.web import app

app.PRUNE_SECONDS = 0.1  # type: ignore[assignment]  # so that each server gets its turn, also to be stopped

if __name__ == "__main__":
    sys.exit(main())
