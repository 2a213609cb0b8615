"""``python -m lib.companion.drift``: the last line of ``make reproduce``."""

import sys

from lib.companion.drift import main

sys.exit(main())
