"""Predictions: what a tier of evidence should show if a claim is right. A closed set, one dataclass a check."""

from claimcheck.prediction.data import DATA_CHECKS, DataFact, DataPrediction, InLanguages, Parallel, SettingCount
from claimcheck.prediction.rerun import (
    RERUN_CHECKS,
    Combine,
    Difference,
    Interaction,
    LanguagesAhead,
    Reduction,
    RerunPrediction,
)
from claimcheck.prediction.shared import Reading, Selected, Setting
from claimcheck.prediction.tables import (
    TABLE_CHECKS,
    BestOf,
    BetterThan,
    Counted,
    Counts,
    Granularity,
    MeanReproduces,
    ReductionBy,
    Reports,
    TableCheck,
    TablePrediction,
)

__all__ = [
    "DATA_CHECKS",
    "RERUN_CHECKS",
    "TABLE_CHECKS",
    "BestOf",
    "BetterThan",
    "Combine",
    "Counted",
    "Counts",
    "DataFact",
    "DataPrediction",
    "Difference",
    "Granularity",
    "InLanguages",
    "Interaction",
    "LanguagesAhead",
    "MeanReproduces",
    "Parallel",
    "Reading",
    "Reduction",
    "ReductionBy",
    "Reports",
    "RerunPrediction",
    "Selected",
    "Setting",
    "SettingCount",
    "TableCheck",
    "TablePrediction",
]
