"""Texts as sets of shingles: normalised, cut to words or characters, compared by Jaccard's coefficient or by MinHash.

Sources: Broder 1997, "On the resemblance and containment of documents", for MinHash; Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", section 3.4, for banding; Dietzfelbinger 1996, "Universal hashing and k-wise independent random variables
via integer arithmetic without primes", for the hash functions.
"""

import unicodedata
from collections.abc import Collection, Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

WORDS = 8
"""Words in a shingle for containment: eight running words are rarely the same by chance."""
CHARACTERS = 16
"""Characters in a shingle for containment, for languages written without spaces."""
WITHOUT_SPACES = frozenset({"ja", "th", "zh"})
NEAR_CHARACTERS = 5
"""Characters in a shingle for near-duplicates, in every language."""
BANDS, ROWS = 32, 4
PERMUTATIONS = BANDS * ROWS


class _Kept(dict[int, int | str | None]):
    """What becomes of a character: punctuation and symbols part words, marks of format (soft hyphen, joiners) are nothing."""

    def __missing__(self, point: int) -> int | str | None:
        category = unicodedata.category(chr(point))
        self[point] = " " if category[0] in "PS" else None if category == "Cf" else point
        return self[point]


_KEPT = _Kept()


def normalise(text: str) -> str:
    """The text as it is compared: NFKC, case folded, without punctuation, symbols and marks of format, spaces collapsed.

    Punctuation leaves a space behind, so that 3.5 does not become 35.

    >>> normalise("  Don’t  PANIC: ﬁve-star_hotels, 3.5 % ½ Straße!")
    'don t panic five star hotels 3 5 1 2 strasse'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(unicodedata.normalize("NFKC", folded.translate(_KEPT)).split())


def shingles(text: str, language: str) -> frozenset[str]:
    """The runs of `WORDS` words of a normalised text; of `CHARACTERS` characters for a language written without spaces.

    A text that is shorter is one shingle as a whole, so it is contained only in a text that is equal; an empty text has none.

    >>> sorted(shingles("to be or not to be that is the question", "en"))[0]
    'be or not to be that is the'
    """
    if language in WITHOUT_SPACES:
        return _characters(text.replace(" ", ""), CHARACTERS)
    words = text.split()
    return frozenset(" ".join(words[start:start + WORDS]) for start in range(max(len(words) - WORDS + 1, bool(words))))


def is_short(text: str, language: str) -> bool:
    """Whether a normalised text is shorter than one shingle, so that it is contained in nothing but an equal text.

    >>> is_short("which team won the match", "en"), is_short("to be or not to be that is", "en")
    (True, False)
    """
    return len(text.replace(" ", "")) < CHARACTERS if language in WITHOUT_SPACES else len(text.split()) < WORDS


def near_shingles(text: str) -> frozenset[str]:
    """The runs of `NEAR_CHARACTERS` characters of a normalised text, by which near-duplicates are told."""
    return _characters(text, NEAR_CHARACTERS)


def _characters(text: str, size: int) -> frozenset[str]:
    return frozenset(text[start:start + size] for start in range(max(len(text) - size + 1, bool(text))))


def jaccard(some: frozenset[str], other: frozenset[str]) -> float:
    """How many members of two sets stand in both, as a share of those that stand in either; 0 for two empty sets."""
    both = len(some & other)
    return both / max(len(some) + len(other) - both, 1)


# ---------------------------------------------------------------- MinHash


def _coefficients(what: str) -> NDArray[np.uint64]:
    """A column of fixed numbers, the same for every version of numpy: digests of their own names."""
    digests = (blake2b(f"{what} {place}".encode(), digest_size=8).digest() for place in range(PERMUTATIONS))
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)[:, None]


_FACTORS, _ADDENDS = _coefficients("factor"), _coefficients("addend")


def signature(pieces: Collection[str]) -> NDArray[np.uint32]:
    """The MinHash of a set of shingles, shape (PERMUTATIONS,): the share of places where two agree estimates their Jaccard.

    Each shingle has a key of 32 bits (BLAKE2b), which (factor * key + addend) mod 2^64 // 2^32 hashes once for each place;
    the smallest is kept. Raises ValueError: the set is empty.
    """
    digests = b"".join(blake2b(piece.encode("utf-8", "surrogatepass"), digest_size=4).digest() for piece in pieces)
    keys = np.frombuffer(digests, dtype="<u4").astype(np.uint64)
    smallest: NDArray[np.uint64] = ((_FACTORS * keys + _ADDENDS) >> np.uint64(32)).min(axis=1)
    return smallest.astype(np.uint32)


def missed(coefficient: float) -> float:
    """The probability that two texts with this Jaccard coefficient agree in no band, and so are never compared.

    (1 - coefficient ^ ROWS) ^ BANDS, which holds for ideal hash functions.

    >>> f"{missed(0.8):.1e} {missed(0.7):.1e} {missed(0.5):.2f}"
    '4.7e-08 1.5e-04 0.13'
    """
    return float((1 - coefficient ** ROWS) ** BANDS)


def bands(text: str) -> Iterator[tuple[int, bytes]]:
    """The bands of a text's signature, numbered; two texts with one band alike are candidates for near-duplicates."""
    signed = signature(near_shingles(text)).reshape(BANDS, ROWS)
    return ((number, band.tobytes()) for number, band in enumerate(signed))
