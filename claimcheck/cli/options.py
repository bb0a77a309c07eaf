"""Options and arguments that several verbs share, and the group that turns errors into exit status."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from claimcheck.errors import ClaimcheckError
from claimcheck.execution import CHECKPOINT_SECONDS, TOKENS_AT_ONCE, Device, Execution

TIERS = ("reported", "data", "reduced", "full", "synthetic")
HEADLINES = ("verified", "refuted", "in part", "unverified", "not testable as stated")
SCHEMAS = ("claim", "reproduction", "report")
F = TypeVar("F", bound=Callable[..., Any])


class Verbs(click.Group):
    """A group that ends every error raised on purpose with its message and its exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the verb."""
        try:
            return super().invoke(ctx)
        except ClaimcheckError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_status)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise  # click ends quietly where a reader went away
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"{where}{error.strerror or error}; check the path, its rights and the space left", err=True)
            ctx.exit(1)


class FolderOrFile(click.Path):
    """A path that is not empty: an empty one, as of an unset variable, would mean the working folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Convert to a Path, or fail."""
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


CLAIMS = click.argument("claims", type=FolderOrFile(path_type=Path))
CLAIMS_HERE = click.argument("claims", type=FolderOrFile(path_type=Path), default="claims")


def options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, shown in this order."""
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function
    return decorate


REPRODUCTIONS = click.option("--reproductions", type=click.Path(file_okay=False, exists=True, path_type=Path), default=None,
                              help="Folder of reproduction files; else the nearest folder called reproductions.")
ONLY = click.option("--only", multiple=True, metavar="ID", help="Only this claim; can be given several times.")
PROFILE = click.option("--profile", default=None, metavar="NAME", help="Profile of the reproduction; else its default.")
SEED = click.option("--seed", "first_seed", type=click.IntRange(min=0, max=2**31), default=0, metavar="FIRST",
                     show_default=True, help="First seed of the training runs.")
SWEEP = click.option("--sweep", "swept", multiple=True, metavar="FIELD",
                     help="Run the other values of a field that the paper leaves open too; can be given several times.")
TIER = click.option("--tier", "tiers", multiple=True, type=click.Choice(TIERS),
                     help="Only this tier of evidence; can be given several times. Default: all that can run.")
OUT = click.option("--out", type=FolderOrFile(path_type=Path), default=None, metavar="DIR",
                    help="Folder of the report. Default: report/ and the name of the claims' folder.")
FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
                       help="Form of what is printed.")
STORE = click.option("--store", type=FolderOrFile(file_okay=False, path_type=Path), default=Path(".claimcheck") / "store",
                     envvar="CLAIMCHECK_STORE", show_default=True, metavar="DIR",
                     help="Folder of results; CLAIMCHECK_STORE names another.")
DEVICE = click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                      help="Where transformers are computed; auto is a GPU where there is one. N-grams need none.")
PROCESSES = click.option("--processes", type=click.IntRange(min=1, max=1024), default=1, show_default=True, metavar="N",
                         help="So many processes train each transformer together, each on a GPU of its own.")
TOKENS = click.option("--tokens-at-once", type=click.IntRange(min=16), default=TOKENS_AT_ONCE, show_default=True, metavar="N",
                      help="Tokens a process trains on at once; fewer take less memory, with the same loss.")
RECOMPUTE = click.option("--recompute", is_flag=True, default=False,
                         help="Compute activations again for the gradient instead of keeping them: less memory, more time.")
COMPILE = click.option("--compile", "compiled", is_flag=True, default=False, help="Compile transformers with torch.compile.")
DETERMINISTIC = click.option("--deterministic", type=click.Choice(["usual", "strict"]), default="usual", show_default=True,
                             help="strict: the same bits each time on a GPU too, at a price in time.")
CHECKPOINT_MINUTES = click.option("--checkpoint-minutes", type=click.FloatRange(min=0), default=CHECKPOINT_SECONDS / 60,
                                  show_default=True, metavar="M",
                                  help="Minutes of training after which it is kept again, to go on from when interrupted.")



def _pairs(_: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE, several of them."""
    made: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"`{each}` is not KEY=VALUE", param=option)
        if name in made:
            raise click.BadParameter(f"{name} is given twice", param=option)
        made[name] = value
    return made


ENGINE = click.option("--engine", type=click.Choice(["local", "slurm", "ray"]), default="local", show_default=True,
                      help="Where runs are made: in processes here, as jobs of Slurm, or as tasks of Ray.")
ENGINE_OPTION = click.option("--engine-option", "engine_options", multiple=True, metavar="KEY=VALUE", callback=_pairs,
                             help="What the engine is told: for slurm what submitit calls so, as slurm_partition=gpu, or "
                                  "cluster=local; for ray address, num_cpus, num_gpus. Can be given several times.")
DATA_DIR = click.option("--data-dir", type=click.Path(file_okay=False, exists=True, path_type=Path), default=None,
                        help="Folder with the data sets; else CLAIMCHECK_DATA, else the user's cache.")


def computing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how transformers are computed, given to the verb as one `execution`; no part of what a run is."""
    @wraps(function)
    def given(*, device: Device, processes: int, tokens_at_once: int, recompute: bool, compiled: bool,
              deterministic: str, checkpoint_minutes: float, **others: Any) -> Any:
        execution = Execution(device=device, processes=processes, tokens_at_once=tokens_at_once, recompute=recompute,
                              compiled=compiled, strict=deterministic == "strict", checkpoint_seconds=60 * checkpoint_minutes)
        return function(execution=execution, **others)

    return options(DEVICE, PROCESSES, TOKENS, RECOMPUTE, COMPILE, DETERMINISTIC, CHECKPOINT_MINUTES)(given)
