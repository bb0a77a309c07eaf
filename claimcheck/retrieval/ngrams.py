"""Texts as weighted bags of hashed character n-grams, one set of buckets for all languages.

A text is brought to NFKC and lower case and cut into runs of letters, marks and digits (Unicode categories L, M and N, so that
the vowel signs of Devanagari and Arabic stay inside their words); marks of format (Cf: joiners, soft hyphens) are nothing, and
all else parts words. A run is cut again where it enters or leaves Han or Thai, which are written without spaces: such a piece
gives its 1- to 3-grams, any other word the 3- to 5-grams of `^word$` and `^word$` as a whole. An n-gram falls into a bucket by
CRC-32, so it is the same on every machine and in every process.

Counting knows nothing of the data, and is kept for the life of the process; weighting takes the inverse document frequencies.
Source: Bojanowski et al. 2017, "Enriching word vectors with subword information", section 3.2, for n-grams with borders.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from claimcheck.retrieval.encoder import same_stretches

BUCKETS = 1 << 16
WORD_LENGTHS = (3, 4, 5)
RUN_LENGTHS = (1, 2, 3)

_HAN = "\u2e80-\u2fdf\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI = "\u0e00-\u0e7f"
_PIECE = re.compile(f"([{_HAN}]+|[{_THAI}]+)|[^ {_HAN}{_THAI}]+")


class _Kept(dict[int, int | str | None]):
    """What becomes of a character when words are cut."""

    def __missing__(self, point: int) -> int | str | None:
        category = unicodedata.category(chr(point))
        self[point] = point if category[0] in "LMN" else None if category == "Cf" else " "
        return self[point]


_KEPT = _Kept()


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case.

    >>> words("Don’t PANIC: 42 ﬁve-star हिन्दी मेँ, 北京2008年")
    ('don', 't', 'panic', '42', 'five', 'star', 'हिन्दी', 'मेँ', '北京', '2008', '年')
    """
    return tuple(match[0] for match in _PIECE.finditer(_normalised(text)))


def _normalised(text: str) -> str:
    # Lower case can undo the composition of NFKC (İ becomes i and a dot above), so it is composed again.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).translate(_KEPT)


def ngrams(word: str) -> tuple[str, ...]:
    """The n-grams of one word, as often as they occur in it.

    >>> ngrams("tea")
    ('^te', 'tea', 'ea$', '^tea', 'tea$', '^tea$')
    >>> ngrams("北京")
    ('北', '京', '北京')
    """
    matched = _PIECE.match(word)
    if matched and matched[1]:
        return _cut(word, RUN_LENGTHS)
    bordered = f"^{word}$"
    found = _cut(bordered, WORD_LENGTHS)
    return found if len(bordered) in WORD_LENGTHS else (*found, bordered)  # a short word is an n-gram of itself already


def _cut(text: str, lengths: Sequence[int]) -> tuple[str, ...]:
    return tuple(text[start:start + length] for length in lengths for start in range(len(text) - length + 1))


def bucket(ngram: str) -> int:
    """The bucket of an n-gram, from 0 to BUCKETS - 1.

    CRC-32 is linear, so its low bits alone tell short strings apart badly; a product with 2^32 / golden ratio mixes all of
    its bits into the upper half, which is kept. Source: Knuth, The Art of Computer Programming, volume 3, section 6.4.
    """
    return (crc32(ngram.encode("utf-8", "surrogatepass")) * 2654435769 & 0xFFFFFFFF) >> 16


@lru_cache(maxsize=1 << 18)
def _buckets(word: str) -> tuple[int, ...]:
    return tuple(map(bucket, ngrams(word)))


@lru_cache(maxsize=1 << 17)
def counted(text: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The buckets that a text falls into, ascending, and how often it falls into each. Not to be written to."""
    found = [each for word in words(text) for each in _buckets(word)]
    buckets, counts = np.unique(np.array(found, dtype=np.int32), return_counts=True)
    times = counts.astype(np.int32)
    buckets.flags.writeable = times.flags.writeable = False
    return buckets, times


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRows:
    """Texts as weighted features, in the form of compressed sparse rows.

    The features of text r stand at `starts[r]:starts[r + 1]` of `buckets` (int32, ascending within a text) and `weights`
    (float32, of Euclidean length 1 within a text that has any). `starts`: int64, one more than there are texts.
    """

    starts: NDArray[np.int64] = field(repr=False)
    buckets: NDArray[np.int32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def tokens(self) -> NDArray[np.int64]:
        """1 for each text: what a text of n-grams takes of memory is little and never has to be shared out."""
        return np.ones(len(self), dtype=np.int64)

    def alike(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """As `Prepared.alike`: the same n-grams, each as often; their order is nothing to a bag of them."""
        return same_stretches(self.starts, (self.buckets, self.weights), rows, others)


def document_frequencies(texts: Sequence[str]) -> NDArray[np.int64]:
    """In how many of the texts each bucket occurs, shape (BUCKETS,)."""
    found = [counted(text)[0] for text in texts]
    return np.bincount(np.concatenate(found), minlength=BUCKETS) if found else np.zeros(BUCKETS, dtype=np.int64)


def inverse_document_frequencies(texts: Sequence[str]) -> NDArray[np.float64]:
    """log((1 + N) / (1 + df)) + 1 of each bucket over N texts, shape (BUCKETS,): a bucket in every text has weight 1.

    Source: the smoothed form of scikit-learn's TfidfTransformer.
    """
    smoothed: NDArray[np.float64] = np.log((1 + len(texts)) / (1 + document_frequencies(texts))) + 1
    return smoothed


def weighted(texts: Sequence[str], frequencies: NDArray[np.float64]) -> FeatureRows:
    """Texts as features of weight (1 + log tf) x idf, each text scaled to Euclidean length 1.

    `frequencies`: the inverse document frequency of each bucket, shape (BUCKETS,).
    """
    found = [counted(text) for text in texts]
    lengths = np.array([len(buckets) for buckets, _ in found], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    buckets = np.concatenate([each for each, _ in found] or [np.zeros(0, dtype=np.int32)])
    counts = np.concatenate([each for _, each in found] or [np.zeros(0, dtype=np.int32)])
    weights = (1 + np.log(counts)) * frequencies[buckets]
    squares = np.bincount(np.repeat(np.arange(len(texts)), lengths), weights=weights ** 2, minlength=len(texts))
    scaled = weights / np.sqrt(np.repeat(squares, lengths))
    return FeatureRows(starts=starts, buckets=buckets, weights=scaled.astype(np.float32))
