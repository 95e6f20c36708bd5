"""The tests run in a checkout."""

import os
from pathlib import Path

# How many examples the longest tests try, in their own measure: `make test` takes fewer.
EXAMPLES = int(os.environ.get("PETITION_TEST_EXAMPLES", "200"))
ROOT = Path(__file__).resolve().parent.parent
# Who does not want the log deletes its folders. Statements, translations and documents still have words about it.
HAS_LOG = (ROOT / "petition" / "log").is_dir()
