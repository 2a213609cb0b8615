"""What a cohort is on disk."""

from __future__ import annotations

import hashlib
from pathlib import Path


def contents(root: Path) -> dict[str, str]:
    """Name of each file -> hash of its bytes."""
    return {
        str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(root.rglob("*")) if f.is_file()
    }
