"""Which engines there are, and all runs made on the one that is asked for. Each is imported when it is."""

import importlib
from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import ModuleType

from claimcheck.engine.driving import Drive, Told
from claimcheck.engine.protocol import Engine
from claimcheck.errors import UsageFault
from claimcheck.execution import Hands
from claimcheck.measurement.store import Store
from claimcheck.measurement.work import Work


def missing(works: Sequence[Work], store: Store) -> tuple[Work, ...]:
    """Those whose results do not stand in the store."""
    return tuple(work for work in works if not store.has(work.key))


def run_all(works: Sequence[Work], store: Store, hands: Hands, told: Told) -> int:
    """See to it that every result stands in the store; how many runs were made here.

    Raises MeasurementFailed: a run could not be carried out; UsageFault: the engine is not installed or an option of it is
    wrong, or the execution asks for a device that is not here. What was done by then is kept, unfinished trainings too.
    """
    waiting = deque(missing(works, store))
    if not waiting:
        return 0
    with _opened(hands, store) as engine:
        return Drive(waiting=waiting, store=store, engine=engine, told=told).run()


def _opened(hands: Hands, store: Store) -> AbstractContextManager[Engine]:
    if hands.engine == "slurm":
        from claimcheck.engine import slurm

        return slurm.opened(hands, store)
    if hands.engine == "ray":
        from claimcheck.engine import ray_engine

        return ray_engine.opened(hands)
    from claimcheck.engine import local

    return local.opened(hands)


def library(name: str, extra: str) -> ModuleType:
    """The library of an engine. Raises UsageFault: it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UsageFault(f"--engine {extra}: {name} cannot be imported ({error}); pip install 'claimcheck-ir[{extra}]'"
                         ) from None
