"""Where a run stands: counted over what was planned, whatever else is asked."""

from __future__ import annotations

from lib.companion import progress, runner
from lib.companion.state import folder
from lib.files import merge_json


def test_planned_notebooks_are_counted_and_the_rest_is_estimated(project, monkeypatch):
    names = ["10_toy", "11_toy", "12_toy"]
    costs = {"10_toy": {"seconds": 200.0}, "11_toy": {"seconds": 400.0}}
    merge_json(folder("demo") / "timings.json", lambda _: costs | {"12_toy": {"seconds": 200.0}})
    now = [1000.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    assert progress.finished("demo", "10_toy") == ("", "")  # nothing was planned
    assert runner.main([*names, "--plan"]) == 0
    now[0] += 100  # twice as fast as the times that are known
    assert progress.finished("demo", "10_toy") == ("[1/3] ", "; about 5 min left")
    assert progress.finished("demo", "10_toy") == ("", "")  # asked for again, outside of the plan
    now[0] += 200
    assert progress.finished("demo", "11_toy") == ("[2/3] ", "; about 2 min left")
    assert progress.finished("demo", "12_toy") == ("[3/3] ", "")
    assert progress.finished("public", "10_toy") == ("", "")
