"""Words that turn a question round: no family of words leaves them out (P9d) or says them in English (P13, P13t).

Whole words alone: what negates within a word (Turkish -me-, Spanish in-, Arabic prefixes but for wa-) is not told apart.
Source: our own list, which no speaker has checked. Words that mean something else as often (Arabic ما, "what") are not in it.
"""

from collections.abc import Mapping

from claimcheck.perturbation.text import EDGES, lower

NEGATIONS: Mapping[str, frozenset[str]] = {language: frozenset(words.split()) for language, words in {
    "ar": "لا ولا لم ولم لن ولن ليس وليس ليست غير",
    "de": "nicht nie niemals niemand nichts kein keine keiner keines keinem keinen weder",
    "el": "δε δεν μη μην όχι ποτέ κανείς κανένας καμία κανένα τίποτα ούτε",
    "en": "no not never none nobody nothing neither nor cannot",
    "es": "no nunca jamás nadie nada ningún ninguno ninguna ningunos ningunas ni",
    "hi": "नहीं न ना मत",
    "ru": "не ни нет никогда никто ничего",
    "tr": "değil yok hiç hiçbir",
    "vi": "không chưa chẳng chả đừng",
}.items()}
"""Language -> its words, small. Languages without spaces between words need none."""


def negates(token: str, language: str) -> bool:
    """Whether a token, with or without punctuation around it, is such a word, or ends in an English n't.

    >>> negates("(NICHT)", "de"), negates("didn’t", "en"), negates("note", "en")
    (True, True, False)
    """
    word = lower(EDGES.sub("", token), language)
    return word in NEGATIONS.get(language, ()) or (language == "en" and word.replace("’", "'").endswith("n't"))
