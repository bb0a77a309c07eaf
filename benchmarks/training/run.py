r"""The training core against sentence-transformers: two processes in turns, the same checkpoint, texts and batches.

Checkpoints are of random weights, since time does not depend on their values; texts are XQuAD-R's questions and sentences.

    python3 -m venv peers && peers/bin/pip install -c constraints.txt torch==2.13.0
    peers/bin/pip install -c constraints.txt -r benchmarks/training/requirements.txt
    CLAIMCHECK_DATA=DIR .venv/bin/python benchmarks/training/run.py --peer-python peers/bin/python \
        --write docs/training-benchmark.md

It takes seven minutes and 3 GB. On a machine with a card, both environments with torch's build for it, this adds a row to
the table of cards and leaves the rest as it stands:

    CLAIMCHECK_DATA=DIR .venv/bin/python benchmarks/training/run.py --peer-python peers/bin/python --parts card --device cuda \
        --write docs/training-benchmark.md

The same way of a card can be tried without one, on a small shape: `--parts card --device cpu --card-shape 2x64 --card-batch 8`.
Without `--device cuda` such a row is printed and not kept.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
os.environ.update({"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"})
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # of several cards their trainer would take all

import argparse
import contextlib
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peers import padded_losses
from work import Task, one_thread

from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.pairs import TrainingPairs, training_pairs
from claimcheck.design import Arm, Training
from claimcheck.measurement.provenance import machine
from claimcheck.retrieval.batches import make

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))
import tiny_checkpoints  # noqa: E402 # lies with the tests, which need it too

ARM = Arm(sampling="hybrid", alpha=0.5)
VOCABULARY, CARD_VOCABULARY = 30_000, 250_002
HEAD = 32
"""Dimensions of an attention head, as in MiniLM; 64 on a card, as in XLM-R base."""
SIZES = {"cpu": (4, 8, 16, 32), "cuda": (32, 64, 128, 256)}
"""Batch sizes at which sentence-transformers encodes; its default is 32. On a processor it was slower still at 64 and 128."""
DEFAULT = 32
PRODUCT = {"cpu": 1024, "cuda": 8192}
"""Rows and columns of the product that utilisation is told of."""
CARD_TEXTS = 4000
TRAINING_TARGET = ENCODING_TARGET = 1.3
CARD_TARGET = 1.5
SAME, LOSSES_RATE = 1e-5, 2e-4
PER_ROUND = {"6x384": (2, 120), "3x256": (4, 600)}
"""Training steps of 32 pairs, and texts encoded, in a round: each shape takes about as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Layers and width of a transformer, and how much it drops while training."""

    layers: int
    width: int
    dropout: float = 0.0

    @classmethod
    def named(cls, name: str, dropout: float = 0.0) -> "Shape":
        layers, width = name.split("x")
        return cls(layers=int(layers), width=int(width), dropout=dropout)

    @property
    def name(self) -> str:
        return f"{self.layers}x{self.width}"


# ---------------------------------------------------------------- the two sides


class Side:
    """A process that does what it is asked for, one thing at a time."""

    def __init__(self, python: str, script: str, task: Path) -> None:
        self._process = subprocess.Popen([python, str(HERE / script), str(task)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def ask(self, what: str, **more: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"a side ended with {self._process.wait()} when it was asked to {what}; it said why above")
        return json.loads(answer)

    def end(self) -> None:
        self._process.communicate()


@contextlib.contextmanager
def sides(task: Task, peer_python: str) -> Iterator[tuple[Side, Side]]:
    """Ours and theirs, started."""
    with tempfile.TemporaryDirectory() as folder:
        path = task.write(Path(folder) / "task.json")
        both = Side(sys.executable, "ours.py", path), Side(peer_python, "peers.py", path)
        try:
            yield both
        finally:
            for side in both:
                side.end()


def in_turns(works: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each piece of work gives, round by round, every other round the other way about; the first is not counted."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in list(works.items())[:: 1 if number % 2 else -1]:
            rate = work()
            if number:
                found[name].append(rate)
    return found


def against(ours: list[float], theirs: list[float]) -> tuple[float, str]:
    """The median over rounds of the ratio, and the smallest and largest."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return statistics.median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}"


def met(ratio: float, target: float) -> str:
    return "met" if ratio >= target else "not met"


# ---------------------------------------------------------------- what they are given


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """XQuAD-R: texts, and pairs of which no two have equal passages in one language."""

    corpus: ParallelCorpus
    pairs: TrainingPairs

    @classmethod
    def read(cls, folder: Path) -> "World":
        files = {path.stem: path for path in sorted((folder / "xquad-r").glob("*.json"))}
        corpus = lareqa.read("xquad-r", files)
        return cls(corpus=corpus, pairs=_of_different_passages(training_pairs(corpus)))

    @property
    def all_texts(self) -> list[str]:
        return [each.text for part in self.corpus.parts.values() for each in (*part.candidates, *part.questions)]

    def texts(self, number: int) -> list[str]:
        """So many different candidates, evenly from all languages."""
        different = list(dict.fromkeys(each.text for part in self.corpus.parts.values() for each in part.candidates))
        return [different[each] for each in np.linspace(0, len(different) - 1, number).astype(int)]

    def task(self, checkpoint: Path, *, batch_size: int, steps: int, texts: int = 0, **more: Any) -> Task:
        """The batches of a plan as claimcheck makes it, pairs numbered as they come."""
        plan = make(self.pairs, ARM, Training(batch_size=batch_size, steps=steps), 0)
        numbers: dict[tuple[str, str], int] = {}
        batches = [[numbers.setdefault((str(self.pairs.queries[query][item]), str(self.pairs.passages[passage][item])),
                                       len(numbers))
                    for (query, passage), item in zip(batch.language_pairs, batch.questions, strict=True)]
                   for batch in plan.batches]
        return Task(checkpoint=str(checkpoint), pairs=list(numbers), batches=batches, texts=self.texts(texts), **more)


def _of_different_passages(pairs: TrainingPairs) -> TrainingPairs:
    """Those whose passages no earlier one has, in any language: sentence-transformers takes a twin for a negative."""
    seen: set[tuple[str, str | None]] = set()
    kept = []
    for item in range(pairs.count):
        passages = {(language, texts[item]) for language, texts in pairs.passages.items() if texts[item] is not None}
        if not passages & seen:
            kept.append(item)
        seen |= passages
    return TrainingPairs(
        questions=tuple(pairs.questions[each] for each in kept), languages=pairs.languages,
        queries={language: tuple(texts[each] for each in kept) for language, texts in pairs.queries.items()},
        passages={language: tuple(texts[each] for each in kept) for language, texts in pairs.passages.items()})


def bert(folder: Path, world: World, shape: Shape) -> Path:
    return tiny_checkpoints.mbert(folder / f"{shape.name}-{shape.dropout:g}", world.all_texts, layers=shape.layers,
                                  width=shape.width, heads=shape.width // HEAD, vocabulary=VOCABULARY, dropout=shape.dropout)


# ---------------------------------------------------------------- parts


def prose(*sentences: str) -> list[str]:
    """A paragraph of the document, in lines."""
    return [*textwrap.wrap(" ".join(sentences), 124, break_long_words=False, break_on_hyphens=False), ""]


def training_part(world: World, folder: Path, given: argparse.Namespace) -> list[str]:
    lines = ["## Training", "", *prose(
        "Pairs trained on in a CPU second. Ours is the whole call of `train`, which cuts the texts into tokens and makes the",
        "optimizer; theirs is `SentenceTransformerTrainer` with `MultipleNegativesRankingLoss` and its own collator from the",
        "end of a first step to the end of the last, without logging, evaluation, clipping and saving. *Filled up*: the",
        "share of padding in theirs."),
             "| layers x width | dropout | batch | filled up | ours | theirs | ratio | in single rounds | target | |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for name, dropout, batch in [*((name, 0.0, 32) for name in given.shapes), (given.shapes[-1], 0.1, 32)]:
        steps = max(1, PER_ROUND.get(name, (2, 120))[0] * 32 // batch)
        task = world.task(bert(folder, world, Shape.named(name, dropout)), batch_size=batch, steps=steps)
        with sides(task, given.peer_python) as (ours, theirs):
            found = in_turns({"ours": trained(ours, batch), "theirs": trained(theirs, batch)}, given.rounds)
            filled = _filled_up(ours.ask("tokens"))
        ratio, spread = against(found["ours"], found["theirs"])
        lines.append(f"| {name} | {dropout:g} | {batch} | {filled:.0%} | {statistics.median(found['ours']):.1f} | "
                     f"{statistics.median(found['theirs']):.1f} | {ratio:.2f} | {spread} | at least {TRAINING_TARGET} | "
                     f"{met(ratio, TRAINING_TARGET)} |")
    return lines


def trained(side: Side, batch_size: int) -> Callable[[], float]:
    """Pairs a second of a round of training."""
    def rate() -> float:
        told = side.ask("train")
        return batch_size * told["steps"] / told["seconds"]

    return rate


def encoded(side: Side, texts: int, **more: Any) -> Callable[[], float]:
    """Texts a second of a round of encoding."""
    return lambda: texts / side.ask("encode", **more)["seconds"]


def best_size(theirs: Side, texts: int, sizes: Sequence[int]) -> int:
    """The batch size at which they encode fastest, each tried once after one that warms them up."""
    encoded(theirs, texts, batch_size=DEFAULT)()
    return max(sizes, key=lambda size: encoded(theirs, texts, batch_size=size)())


def _filled_up(told: dict[str, Any]) -> float:
    rows = [*told["queries"], *told["passages"]]
    return 1 - sum(map(sum, rows)) / sum(len(each) * max(each) for each in rows)


def losses_part(world: World, folder: Path, given: argparse.Namespace) -> list[str]:
    steps, shape, batch = given.loss_steps, given.shapes[-1], 16
    task = world.task(bert(folder, world, Shape.named(shape)), batch_size=batch, steps=steps, learning_rate=LOSSES_RATE)
    with sides(task, given.peer_python) as (ours, theirs):
        mine, library = ours.ask("losses"), theirs.ask("losses")
    others = {"padded rows, transformers alone": padded_losses(task), "sentence-transformers": library}
    lines = ["## Losses", "", *prose(
        f"Ours while training {shape} without dropout for {steps} steps (batch {batch}, learning rate {task.learning_rate:g}",
        f"behind {task.warmup_steps} steps of warm-up) goes from {mine[0]:.4f} to {mine[-1]:.4f}. *Padded rows* is a loop of",
        "its own over transformers' model and tokenizer, in `peers.py`; the other is their trainer's, with",
        "its own collator and schedule."),
             f"| against | steps | largest difference of a step's loss | step | at most {SAME:g} |",
             "| --- | ---: | ---: | ---: | --- |"]
    for name, found in others.items():
        apart = np.abs(np.array(mine) - np.array(found))
        lines.append(f"| {name} | {len(found)} | {apart.max():.1e} | {int(apart.argmax()) + 1} | "
                     f"{'met' if apart.max() <= SAME else 'not met'} |")
    return lines


def encoding_part(world: World, folder: Path, given: argparse.Namespace) -> list[str]:
    lines = ["## Encoding", "", *prose(
        "Sentences of all languages encoded in a CPU second, tokenizing included. Ours is `prepare` and `encode_all`; theirs",
        "is `SentenceTransformer.encode`, which also puts texts in order of their lengths first, by characters. Its default is",
        "a batch size of 32; with 64 and 128 it was slower still."),
             "| layers x width | texts | ours | their batch size | theirs | ratio | in single rounds | target | |",
             "| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | --- |"]
    shares = []
    for name in given.shapes:
        texts, shape = given.texts or PER_ROUND.get(name, (2, 120))[1], Shape.named(name)
        task = world.task(bert(folder, world, shape), batch_size=32, steps=1, texts=texts)
        with sides(task, given.peer_python) as (ours, theirs):
            found = in_turns({"ours": encoded(ours, texts)} | {
                str(size): encoded(theirs, texts, batch_size=size) for size in SIZES["cpu"]}, given.rounds)
            told, product = ours.ask("tokens"), ours.ask("matrix_rate", size=PRODUCT["cpu"])["rate"]
        work = operations(told["texts"], told["weights"], shape) / 3 / texts  # a third of them is the way forwards
        shares.append(f"{work * statistics.median(found['ours']) / product:.0%} of it with {name}")
        best = max(SIZES["cpu"], key=lambda size: statistics.median(found[str(size)]))
        for size in SIZES["cpu"]:
            ratio, spread = against(found["ours"], found[str(size)])
            words = (", default" if size == DEFAULT else "") + (", their best" if size == best else "")
            lines.append(f"| {name} | {texts} | {statistics.median(found['ours']):.1f} | {size}{words} | "
                         f"{statistics.median(found[str(size)]):.1f} | {ratio:.2f} | {spread} | at least {ENCODING_TARGET} | "
                         f"{met(ratio, ENCODING_TARGET)} |")
    return [*lines, "", *prose(
        f"What bounds any: a square product of {PRODUCT['cpu']:,} reaches {product / 1e9:.0f} GFLOP/s in the same process. Our",
        f"encoding, products and attention counted (2 W T + 4 L d S operations, see below), reaches {' and '.join(shares)}.")]


# ---------------------------------------------------------------- a card

CARD_HEAD = ["## On a card", "", *prose(
    "XLM-R base's shape (12 x 768, 250,002 pieces, random weights, dropout 0.1), batch 100, 64 and 256 tokens at most,",
    "products in bfloat16 under autocast on both sides, seconds of the wall with the card waited for. Utilisation is of real",
    "tokens on both sides: a step takes 6 W T + 12 L d S operations, with W weights of the layers (no embeddings), T tokens",
    "of the batch, L layers, d their width and S the sum of the squared lengths of its texts; their number a second is told",
    "as a share of that of a square bfloat16 product of 8,192 on the same card in the same run.",
    f"Target: {CARD_TARGET} times sentence-transformers.")]
CARD_TABLE = [
    ("| card | shape | batch | steps | pairs a second | theirs | ratio | in single rounds | | utilisation | theirs "
     "| the product, TFLOP/s | encoding, ratio to their best |"),
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |"]
NOT_MEASURED = [*prose(
    "Not measured: there was no card. The same code was run on the processor with a small shape, which shows only that it",
    "runs. With a card, in the two environments that `run.py` describes, this adds a row:"),
    "    CLAIMCHECK_DATA=DIR .venv/bin/python benchmarks/training/run.py --peer-python peers/bin/python --parts card \\",
    "        --device cuda --write docs/training-benchmark.md"]


def card_part(world: World, folder: Path, given: argparse.Namespace) -> list[str]:
    """One row. On the processor it goes the same way, in float32 and CPU seconds, and shows only that it works."""
    on_card, shape = given.device == "cuda", Shape.named(given.card_shape, 0.1)
    batch, texts = given.card_batch, given.texts or CARD_TEXTS
    checkpoint = tiny_checkpoints.xlm_roberta(
        folder / "card", world.all_texts, layers=shape.layers, width=shape.width, heads=max(1, shape.width // 64),
        vocabulary=CARD_VOCABULARY if on_card else VOCABULARY, dropout=shape.dropout)
    task = world.task(checkpoint, batch_size=batch, steps=given.card_steps, device=given.device, bfloat16=on_card, texts=texts)
    with sides(task, given.peer_python) as (ours, theirs):
        found = in_turns({"ours": trained(ours, batch), "theirs": trained(theirs, batch)}, given.rounds)
        best = best_size(theirs, texts, SIZES[given.device])
        vectors = in_turns({"ours": encoded(ours, texts), "theirs": encoded(theirs, texts, batch_size=best)}, given.rounds)
        product = ours.ask("matrix_rate", size=PRODUCT[given.device])["rate"]
        told = ours.ask("tokens")
    lengths = [each for kind in ("queries", "passages") for of_batch in told[kind] for each in of_batch]
    work = operations(lengths, told["weights"], shape) / len(task.batches)
    rates = {name: statistics.median(each) for name, each in found.items()}
    used = {name: rate / batch * work / product for name, rate in rates.items()}
    ratio, spread = against(found["ours"], found["theirs"])
    row = (f"| {_card_name(given.device)} | {shape.name} | {batch} | {len(task.batches)} | {rates['ours']:.1f} | "
           f"{rates['theirs']:.1f} | {ratio:.2f} | {spread} | {met(ratio, CARD_TARGET)} | {used['ours']:.1%} | "
           f"{used['theirs']:.1%} | {product / 1e12:.3g} | {against(vectors['ours'], vectors['theirs'])[0]:.2f} |")
    return [row]


def operations(lengths: Sequence[int], weights: int, shape: Shape) -> int:
    """Of a training step on texts of such lengths, forwards and backwards: see the words above the table."""
    return 6 * weights * sum(lengths) + 12 * shape.layers * shape.width * sum(each**2 for each in lengths)


def _card_name(device: str) -> str:
    return f"{torch.cuda.get_device_name()}, torch {torch.__version__}" if device == "cuda" else "none: the processor, float32"


# ---------------------------------------------------------------- the document

PARTS: dict[str, Callable[[World, Path, argparse.Namespace], list[str]]] = {
    "training": training_part, "losses": losses_part, "encoding": encoding_part}


THEIRS = ("torch", "transformers", "sentence-transformers", "accelerate", "datasets")


def header(given: argparse.Namespace) -> list[str]:
    told = machine()
    ask = f"from importlib.metadata import version; print(', '.join(f'{{each}} {{version(each)}}' for each in {THEIRS}))"
    theirs = subprocess.run([given.peer_python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    own = ", ".join(f"{each} {version(each)}" for each in THEIRS[:2])
    return ["# Benchmark of the training core", "", *prose(
        "Written by `benchmarks/training/run.py`, which says how to run it again. A process for each side, one thread, in",
        f"turns; medians of {given.rounds} rounds after one that is not counted, ratios taken round by round. Both take the",
        f"same BERT of random weights ({VOCABULARY:,} pieces, heads of {HEAD}), the same pairs of XQuAD-R in all its",
        "languages in the same batches, queries of 64 and passages of 256 tokens at most, float32, AdamW. Ours would leave a",
        "passage that equals a query's own out of its negatives; no batch here holds one."), *prose(
        f"{told['processor']}, {told['cores']} cores, of which each side uses one; {told['architecture']};",
        f"Python {platform.python_version()}; ours on {own}; theirs on {theirs}.")]


def load() -> str:
    return " ".join(f"{each:.2f}" for each in os.getloadavg())


def _part(name: str, before: str) -> str:
    """A part as it stands in the document, or nothing."""
    mark = f"<!-- part: {name} -->\n"
    return before.split(mark)[1].split("<!-- part: ")[0].rstrip() if mark in before else ""


def card_text(before: str, made: list[str], *, kept: bool) -> str:
    """The part on cards with its rows: those that stood there, and those made now where they are kept."""
    told = [line for line in before.splitlines() if line.startswith("| ") and line not in CARD_TABLE]
    rows = [*told, *(made if kept else [])]
    return "\n".join([*CARD_HEAD, *([*CARD_TABLE, *rows] if rows else NOT_MEASURED)])


def main(given: argparse.Namespace, before: str) -> str:
    """The document: parts that are asked for as they are measured now, others as they stand in the one before."""
    one_thread("cpu")
    world = World.read(given.data_dir)
    whole = not set(PARTS).isdisjoint(given.parts)
    made = ["\n".join(header(given)).rstrip() + "\n" if whole or not before else before.split("<!-- part: ")[0].rstrip() + "\n"]
    with tempfile.TemporaryDirectory() as folder:
        for name, measure in PARTS.items():
            text = _part(name, before)
            if name in given.parts:
                loaded = load()
                text = "\n".join(measure(world, Path(folder), given)).rstrip()
                text += f"\n\nLoad of the machine (1, 5, 15 minutes) before this part: {loaded}; after: {load()}."
            if text:
                made.append(f"<!-- part: {name} -->\n{text}\n")
        rows = card_part(world, Path(folder), given) if "card" in given.parts else []
    if rows and given.device == "cpu":
        sys.stderr.write("\n".join([*CARD_TABLE, *rows, ""]))
    made.append(f"<!-- part: card -->\n{card_text(_part('card', before), rows, kept=given.device == 'cuda')}\n")
    return "\n".join(made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("CLAIMCHECK_DATA"), help="folder that holds xquad-r/")
    parser.add_argument("--peer-python", default=sys.executable, help="Python that has what requirements.txt names")
    parser.add_argument("--parts", default="training,losses,encoding", type=lambda text: text.split(","),
                        help="of training, losses, encoding, card, by commas; others stay in the file as they are")
    parser.add_argument("--shapes", default="6x384,3x256", type=lambda text: text.split(","), help="layers x width, by commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, help="texts to encode; else as many as suit the shape")
    parser.add_argument("--loss-steps", type=int, default=30)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of part card")
    parser.add_argument("--card-shape", default="12x768")
    parser.add_argument("--card-steps", type=int, default=20)
    parser.add_argument("--card-batch", type=int, default=100)
    parser.add_argument("--write", type=Path, help="file for the tables; else they are printed")
    arguments = parser.parse_args()
    if arguments.data_dir is None:
        parser.error("give --data-dir or set CLAIMCHECK_DATA to a folder that holds xquad-r/")
    arguments.data_dir = Path(arguments.data_dir)
    standing = arguments.write.read_text(encoding="utf-8") if arguments.write is not None and arguments.write.exists() else ""
    text = main(arguments, standing)
    if arguments.write is None:
        print(text, end="")
    else:
        arguments.write.write_text(text, encoding="utf-8")
