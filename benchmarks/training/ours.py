"""The side of claimcheck: `train` and `encode_all` as a run calls them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from work import Task, clock, serve

from claimcheck.corpora.pairs import TrainingPairs
from claimcheck.design import Backbone, Training
from claimcheck.execution import Execution
from claimcheck.retrieval.batches import Batch, BatchPlan
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import Encoder, encode_all
from claimcheck.retrieval.training import How, train

NO_LANGUAGE = "xx"
"""Languages were drawn already; here each pair stands in this one."""


class Ours:
    """An encoder of the checkpoint, and what it is asked for."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.training = Training(
            optimizer="AdamW", learning_rate=task.learning_rate, weight_decay=task.weight_decay,
            batch_size=len(task.batches[0]), temperature=task.temperature, steps=len(task.batches),
            warmup_steps=task.warmup_steps, schedule="linear decay", loss="InfoNCE", negatives="in-batch",
            precision="bfloat16" if task.bfloat16 else "float32", max_query_tokens=task.query_tokens,
            max_passage_tokens=task.passage_tokens)
        self.execution = Execution(device="cpu" if task.device == "cpu" else "cuda")
        self.plan = BatchPlan(batches=tuple(Batch(query_language=NO_LANGUAGE, passage_language=NO_LANGUAGE, questions=each)
                                            for each in task.batches))
        self.pairs = TrainingPairs(questions=tuple(f"{each:09d}" for each in range(len(task.pairs))), languages=(NO_LANGUAGE,),
                                   queries={NO_LANGUAGE: tuple(query for query, _ in task.pairs)},
                                   passages={NO_LANGUAGE: tuple(passage for _, passage in task.pairs)})
        self.encoder = self._load()

    def _load(self) -> Encoder:
        backbone = Backbone(encoder="transformers", folder=Path(self.task.checkpoint).name, pooling="mean")
        return build(backbone, (), self.training, 0, Path(self.task.checkpoint), self.execution)

    def train(self) -> dict[str, Any]:
        """Seconds of the whole call: texts are cut into tokens and the optimizer is made within."""
        begun = clock(self.task.device)
        train(self.encoder, self.pairs, self.plan, self.training, 0, How(execution=self.execution))
        return {"seconds": clock(self.task.device) - begun, "steps": len(self.plan.batches)}

    def losses(self) -> list[float]:
        """The loss of each batch, from the checkpoint on."""
        trained = train(self._load(), self.pairs, self.plan, self.training, 0, How(execution=self.execution))
        return list(trained.losses)

    def encode(self) -> dict[str, float]:
        begun = clock(self.task.device)
        encode_all(self.encoder, self.encoder.prepare(self.task.texts, "passage"))
        return {"seconds": clock(self.task.device) - begun}

    def tokens(self) -> dict[str, Any]:
        """Tokens of each text of each batch, and of those to encode; the weights of the layers, without embeddings."""
        queries = self.encoder.prepare(self.pairs.queries[NO_LANGUAGE], "query").tokens
        passages = self.encoder.prepare(self.pairs.passages[NO_LANGUAGE], "passage").tokens
        weights = sum(each.numel() for name, each in self.encoder.named_parameters() if ".embeddings." not in name)
        return {"queries": [queries[each].tolist() for each in self.task.batches],
                "passages": [passages[each].tolist() for each in self.task.batches],
                "texts": self.encoder.prepare(self.task.texts, "passage").tokens.tolist(), "weights": weights}

    def matrix_rate(self, size: int) -> dict[str, float]:
        """Operations a second of a square product in the type that training uses: the best of five."""
        kind = torch.bfloat16 if self.task.bfloat16 else torch.float32
        one, other = (torch.randn(size, size, device=self.task.device, dtype=kind) for _ in range(2))
        best = float("inf")
        for _ in range(6):
            begun = clock(self.task.device)
            one @ other
            best = min(best, clock(self.task.device) - begun)
        return {"rate": 2 * size**3 / best}


def begin(task: Task) -> Mapping[str, Callable[..., Any]]:
    side = Ours(task)
    return {"train": side.train, "losses": side.losses, "encode": side.encode, "tokens": side.tokens,
            "matrix_rate": side.matrix_rate}


if __name__ == "__main__":
    serve(begin)
