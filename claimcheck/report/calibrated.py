"""What a report says of how often its rules are right: the worst of the simulated worlds that docs/calibration.md tells of."""

import json
from importlib.resources import files

FIGURES = "calibration.json"


def calibrated(version: str) -> str:
    """The sentence, with the version that the worlds were simulated with where it is not this one.

    `calibration.json` beside this module is written by `claimcheck selftest --write`, together with the page.
    """
    found = json.loads(files("claimcheck.report").joinpath(FIGURES).read_text(encoding="utf-8"))
    passed = "all within what is asked" if found["passed"] else "not all within what is asked"
    other = "" if found["version"] == version else f"; this report was made with {version}"
    return (f"How often these rules are right: in {found['cells']:,} kinds of simulated worlds, {found['worlds']:,} of each "
            f"(more to tell chance from fault), 95 % intervals held the truth in {found['coverage']:.2%} or more; a claim was "
            f"falsely supported in {found['false_verified']:.2%} or less, and falsely contradicted or called negligible in "
            f"{found['false_refuted']:.2%} or less ({passed}). Made with claimcheck {found['version']}{other}; every kind "
            "stands in docs/calibration.md, and `claimcheck selftest` simulates them again")
