"""The verb `score`: a TREC run against judgments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.options import FORMAT
from claimcheck.cli.shared import echo_json

if TYPE_CHECKING:
    from claimcheck.measurement.scoring import Scores

_INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("run", type=_INPUT)
@click.argument("qrels", type=_INPUT)
@click.option("--measures", default="AP,RR,nDCG@10,R@10", show_default=True, metavar="NAMES", help="Names between commas.")
@click.option("--by-query", is_flag=True, help="Print a line a query before the means; JSON always holds them.")
@click.option("--complete", is_flag=True, help="Count judged queries that RUN lacks as 0, as trec_eval -c.")
@FORMAT
def score(run: Path, qrels: Path, measures: str, by_query: bool, complete: bool, form: str) -> None:
    """Score RUN, a TREC run, against QRELS, as trec_eval does; a query without a relevant document is left out."""
    from claimcheck.measurement import scoring
    from claimcheck.measurement.trec import read_judgments, read_run

    wanted = scoring.measures_of(name.strip() for name in measures.split(","))
    scores = scoring.score(read_run(run), read_judgments(qrels), wanted, complete=complete)
    for line in _noted(scores):
        click.echo(line, err=True)
    if form == "json":
        echo_json(_as_json(scores))
    else:
        for line in _table(scores, by_query):
            click.echo(line)


def _noted(scores: Scores) -> Iterator[str]:
    """What was left out of the means, and what counts as 0 in them."""
    if scores.no_relevant:
        yield f"left out: {_queries(scores.no_relevant)} without a relevant document"
    if scores.not_in_run:
        lacking = f"{_queries(scores.not_in_run)} that the run lacks"
        yield f"counted as 0: {lacking}" if scores.complete else f"left out: {lacking}; --complete counts them as 0"


def _queries(ids: Sequence[str]) -> str:
    return f"{len(ids):,} judged {'query' if len(ids) == 1 else 'queries'}"


def _as_json(scores: Scores) -> dict[str, object]:
    names = [str(measure) for measure in scores.measures]

    def named(values: Iterable[float]) -> dict[str, float]:
        return dict(zip(names, values, strict=True))

    left_out = {"no_relevant": scores.no_relevant, "not_in_run": () if scores.complete else scores.not_in_run}
    return {"queries": {query: named(values) for query, values in zip(scores.queries, scores.values.tolist(), strict=True)},
            "mean": named(scores.mean().tolist()),
            "left_out": {reason: {"count": len(ids), "queries": list(ids)} for reason, ids in left_out.items()}}


def _table(scores: Scores, by_query: bool) -> Iterator[str]:
    """A line a query, if they are asked for, and the means."""
    from claimcheck.errors import printable

    rows = [[printable(query), *map(_number, values)]
            for query, values in zip(scores.queries, scores.values.tolist(), strict=True)] if by_query else []
    rows = [["query", *map(str, scores.measures)], *rows,
            [f"mean of {len(scores.queries)}", *map(_number, scores.mean().tolist())]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        yield "  ".join((first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))))


def _number(value: float) -> str:
    """Four decimals; three digits of what is smaller than they can tell."""
    return f"{value:.4f}" if value == 0 or value >= 0.001 else f"{value:.2e}"
