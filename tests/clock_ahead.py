"""`petition` on a machine whose clock is days ahead: python -m tests.clock_ahead DAYS ARGUMENTS.

The clock is set before the program is loaded. What measures spans (the monotonic clock) is right.
"""

import sys
import time

DAY = 24 * 3600

if __name__ == "__main__":
    days, right_time = float(sys.argv.pop(1)), time.time
    time.time = lambda: right_time() + days * DAY
    from petition.__main__ import main

    sys.exit(main())
