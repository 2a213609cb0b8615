"""``python -m lib.drift``: the last line of ``make reproduce``."""

import sys

from lib.drift import main

sys.exit(main())
