"""What chooses the checkpoint and ends training early: the loss on pairs that are not trained on."""

from dataclasses import dataclass, field

import numpy as np
import torch

from claimcheck.corpora.pairs import TrainingPairs
from claimcheck.retrieval.encoder import Encoder, encode_all
from claimcheck.retrieval.loss import info_nce
from claimcheck.retrieval.ranks import Ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Pairs whose loss is looked at each so many steps, language by language in batches of `batch_size`, in order of their ids.

    Batches are monolingual, in whatever way those trained on are filled, so that all arms are chosen by the same thing.
    """

    pairs: TrainingPairs = field(repr=False)
    every: int
    batch_size: int

    def loss(self, encoder: Encoder, temperature: float, ranks: Ranks) -> float:
        """The mean loss over all queries, nothing dropped; the same number in all processes."""
        summed, queries_seen = 0.0, 0
        for language in self.pairs.languages:
            items = np.flatnonzero(self.pairs.stands(language))
            texts = self.pairs.texts(language, items)
            queries = encode_all(encoder, encoder.prepare(texts.queries, "query"), ranks)
            passages = encode_all(encoder, encoder.prepare(texts.passages, "passage"), ranks)
            numbers: dict[str, int] = {}
            same = torch.tensor([numbers.setdefault(text, len(numbers)) for text in texts.passages])
            for start in range(0, len(items), self.batch_size):
                some = slice(start, start + self.batch_size)
                count = len(queries[some])
                summed += float(info_nce(queries[some], passages[some], same[some], temperature)) * count
                queries_seen += count
        if not queries_seen:
            raise ValueError("the data that choose the checkpoint hold no question in the languages trained on; name others")
        return ranks.first(summed / queries_seen)
