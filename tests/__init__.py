"""The tests run in a checkout."""

import os
from pathlib import Path

# How many examples the longest tests try, in their own measure: `make test` takes fewer.
EXAMPLES = int(os.environ.get("PETITION_TEST_EXAMPLES", "200"))
ROOT = Path(__file__).resolve().parent.parent
