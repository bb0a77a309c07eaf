"""The peers: sentence-transformers, and a plain loop over padded batches to which losses are held. No code of ours in either.

    peers/bin/python benchmarks/training/peers.py TASK.json

is the side of sentence-transformers as `run.py` starts it.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from work import Task, clock, serve


def padded_losses(task: Task) -> list[float]:
    """The loss of each batch while transformers' own model is trained on rows filled up with padding, under a mask.

    Mean over tokens, cross-entropy of cosines over the temperature, AdamW without decay of biases and norms.
    """
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(task.checkpoint, local_files_only=True)
    model = transformers.AutoModel.from_pretrained(task.checkpoint, local_files_only=True, dtype=torch.float32)
    model.train()
    decayed = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": task.weight_decay},
                                   {"params": others, "weight_decay": 0.0}], lr=task.learning_rate, fused=True)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, task.warmup_steps, len(task.batches))

    def vectors(texts: list[str], most: int) -> torch.Tensor:
        rows = tokenizer(texts, padding=True, truncation=True, max_length=most, return_tensors="pt")
        states = model(input_ids=rows["input_ids"], attention_mask=rows["attention_mask"]).last_hidden_state
        mask = rows["attention_mask"].unsqueeze(-1).float()
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1))

    losses = []
    for batch in task.batches:
        queries = vectors([task.pairs[each][0] for each in batch], task.query_tokens)
        passages = vectors([task.pairs[each][1] for each in batch], task.passage_tokens)
        loss = torch.nn.functional.cross_entropy(queries @ passages.T / task.temperature, torch.arange(len(batch)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


class SentenceTransformers:
    """The library as its documentation has it: its trainer, its collator, its loss, its way to encode."""

    def __init__(self, task: Task) -> None:
        from datasets import Dataset

        self.task = task
        self.model = self._load()
        self.pairs = Dataset.from_dict({"query": [query for query, _ in task.pairs],
                                        "passage": [passage for _, passage in task.pairs]})

    def _load(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

        body = Transformer(self.task.checkpoint, max_seq_length=self.task.passage_tokens)
        body.query_length, body.document_length = self.task.query_tokens, self.task.passage_tokens
        width = body.get_embedding_dimension()
        return SentenceTransformer(modules=[body, Pooling(width, pooling_mode="mean")], device=self.task.device)

    def train(self) -> dict[str, Any]:
        """Train on the first batch once more, then on all; seconds from the end of that step to the end of the last."""
        ends: list[float] = []
        hook = register_optimizer_step_post_hook(lambda *_: ends.append(clock(self.task.device)))
        try:
            self._trained(self.model, [self.task.batches[0], *self.task.batches])
        finally:
            hook.remove()
        return {"seconds": ends[-1] - ends[0], "steps": len(ends) - 1}

    def losses(self) -> list[float]:
        """The loss of each batch, from the checkpoint on."""
        return self._trained(self._load(), self.task.batches)

    def _trained(self, model: Any, batches: Sequence[Sequence[int]]) -> list[float]:
        from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        losses: list[torch.Tensor] = []

        class Loss(MultipleNegativesRankingLoss):
            def forward(self, *given: Any) -> torch.Tensor:
                losses.append(super().forward(*given))
                return losses[-1]

        task = self.task
        with tempfile.TemporaryDirectory() as folder:
            trainer = SentenceTransformerTrainer(
                model=model, train_dataset=self.pairs, loss=Loss(model, scale=1 / task.temperature),
                args=SentenceTransformerTrainingArguments(
                    output_dir=folder, per_device_train_batch_size=len(batches[0]), num_train_epochs=1,
                    learning_rate=task.learning_rate, weight_decay=task.weight_decay, warmup_steps=task.warmup_steps,
                    lr_scheduler_type="linear", max_grad_norm=0.0, batch_sampler=_Planned.of(batches),
                    router_mapping={"query": "query", "passage": "document"}, bf16=task.bfloat16,
                    use_cpu=task.device == "cpu", logging_strategy="no", save_strategy="no", eval_strategy="no",
                    report_to="none", disable_tqdm=True))
            trainer.train()
        return [each.item() for each in losses]

    def encode(self, batch_size: int) -> dict[str, float]:
        begun = clock(self.task.device)
        with torch.autocast(self.task.device, dtype=torch.bfloat16, enabled=self.task.bfloat16):
            self.model.encode(list(self.task.texts), batch_size=batch_size, normalize_embeddings=True)
        return {"seconds": clock(self.task.device) - begun}


class _Planned:
    """Batches as they were planned, in the place of a sampler that draws them."""

    @staticmethod
    def of(batches: Sequence[Sequence[int]]) -> Callable[..., Any]:
        from sentence_transformers.base.sampler import DefaultBatchSampler

        class Planned(DefaultBatchSampler):
            def __iter__(self) -> Iterator[list[int]]:
                return iter([list(each) for each in batches])

            def __len__(self) -> int:
                return len(batches)

        return Planned


def begin(task: Task) -> Mapping[str, Callable[..., Any]]:
    peer = SentenceTransformers(task)
    return {"train": peer.train, "losses": peer.losses, "encode": peer.encode}


if __name__ == "__main__":
    serve(begin)
