"""``python -m lib.companion.report [--profile demo] [--out FILE]`` writes the report and says what
is in it."""

import argparse
import sys
from pathlib import Path

from lib import paths, profiles
from lib.companion.report.page import write

ABOUT = "Write the executed notebooks, tables and provenance as one self-contained HTML page."
parser = argparse.ArgumentParser(prog="python -m lib.companion.report", description=ABOUT)
parser.add_argument("--profile", choices=profiles.names(), default="demo")
parser.add_argument("--out", type=Path, help="default: report.html in the build folder")
args = parser.parse_args()
try:
    print(write(args.out or paths.build() / "report.html", args.profile))
except profiles.Refused as error:
    sys.exit(str(error))
