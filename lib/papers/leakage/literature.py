"""On leakage: what others measured, and what each of the four papers' protocols can and cannot say.
Data in ``*.yaml`` beside this."""

import pandas as pd
import yaml

from lib.paths import PAPERS


def _read(name: str) -> pd.DataFrame:
    return pd.DataFrame(
        yaml.safe_load((PAPERS / "leakage" / f"{name}.yaml").read_text(encoding="utf-8")))


def literature() -> pd.DataFrame:
    """Published inflation.

    Returns
    -------
    DataFrame
        ``source``, ``doi``, ``data``, ``compared``, ``points`` (percentage points of accuracy, NaN
        where the abstract has none), ``kind`` (``up to``: the largest found; ``range``; or words).
    """
    return _read("inflation").astype({"points": float})


def protocols() -> pd.DataFrame:
    """What each protocol keeps apart and can say.

    Returns
    -------
    DataFrame
        ``paper``, ``where`` (sections and tables), and for each of ``test``, ``kept apart``, ``on
        both sides``, ``can say`` and ``cannot say`` a line: ``question``, ``answer``.
    """
    asked = _read("protocols").melt(["paper", "where"], var_name="question", value_name="answer",
                                    ignore_index=False)
    return asked.sort_index(kind="stable")
