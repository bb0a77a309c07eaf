"""What a reproduction or a prediction cannot mean is a fault at its line, before anything is run."""

import re
from pathlib import Path

import pytest

from claimcheck.appraisal.library import read_library

QUICK = "reproductions/hybrid-batches.yaml"
CLAIM = "claims/hybrid-batches/10-reduces-language-bias.yaml"
BEST = "claims/hybrid-batches/08-best-in-multilingual-retrieval.yaml"
OPEN = "      languages: [ar, de, en, es, hi, ru, zh]\n      select: squadshifts\n"
LANGUAGES = "      languages: [en, de, es, ru, hi]"
ROUTE = "          evaluate: xquad-r\n          split: {evaluate: 12, seed: 2}"


@pytest.mark.parametrize(("file", "old", "new", "what"), [
    (QUICK, LANGUAGES, LANGUAGES.replace("hi", "fr"), "xquad-r does not come in the language `fr`"),
    (QUICK, LANGUAGES, LANGUAGES.replace("hi", "en"), "`en` stands twice in `languages`"),
    (QUICK, "      hybrid-25:", "      untrained:", "the arm `untrained` samples `hybrid`"),
    (QUICK, "      hybrid-25:", "      \"hy brid\":", "the name `hy brid` is not known"),
    (QUICK, "      warmup_steps: 20\n", "      warmup_steps: 100\n", "an arm ends before its warm-up does"),
    (QUICK, "      schedule: linear decay\n", "", "trains without `schedule`"),
    (QUICK, OPEN, OPEN.replace("ar,", "ar, th,"), "no part of the mixture open-mixture comes in th; leave out th, or add data"),
    (QUICK, OPEN, OPEN.replace("ar, de, en,", "ar, de,"), "mfaq-en is in en and in none of the languages trained on, ar, de"),
    (QUICK, OPEN, OPEN.replace("squadshifts", "xquad-r"), "chosen on xquad-r, which is evaluated"),
    (QUICK, OPEN, OPEN.replace("squadshifts", "xqad-r"), "no checkpoint can be chosen on `xqad-r`; .*`xquad-r`"),
    (QUICK, OPEN, OPEN.replace("squadshifts", "miracl"), "no checkpoint can be chosen on `miracl`"),
    (QUICK, OPEN, OPEN.replace("squadshifts", "mmarco"), "`select: mmarco` is trained on"),
    (QUICK, "[bn, hi, sw, te, th, yo]", "[bn, hi, sw, te, th, yo, yo]", "`yo` stands twice in `evaluated_languages`"),
    (QUICK, "      betas: [0.9, 0.99]", "      betas: [0.9, 1.5]", "each of the `betas`"),
    (QUICK, "dimensions: 128, pooling: sum", "dimensions: 128, pooling: mean", "their pooling is `sum`"),
    (QUICK, "      feature_dropout: 0.5\n", "      weight_decay: 0.1\n", "n-grams train without weight decay"),
    (QUICK, "      feature_dropout: 0.5\n", "      patience: 2\n", "by a loss that is never looked at; add `select_every`"),
    (QUICK, "      feature_dropout: 0.5\n", "      select_every: 20\n", "for xquad-r nothing is named that it is taken on"),
    (QUICK, "folder: tiny-xlm-r, pooling: mean", "folder: tiny-xlm-r", "a transformer needs `pooling`"),
    (QUICK, "folder: tiny-xlm-r, pooling: mean", "pooling: mean", "comes from a hub or a folder"),
    (QUICK, "folder: tiny-xlm-r, pooling: mean", "hub: a/b, folder: tiny-xlm-r, pooling: mean", "give one of the two"),
    (QUICK, "folder: tiny-xlm-r", "folder: ../tiny-xlm-r", "give a path below that folder"),
    (QUICK, "      batch_size: 16\n", "      batch_size: 16\n      feature_dropout: 0.5\n", "of hashed n-grams; a transformer"),
    (QUICK, "      tiny-xlm-r: {", "      xlm-r: {", "calls a backbone `xlm-r` that is not known to be the paper's"),
    (QUICK, "      hybrid-75:", "      chance:", "the arm `chance` samples `hybrid`"),
    (QUICK, ROUTE, ROUTE.replace("xquad-r", "xquadr"), "needs a `split` where it trains on what it evaluates"),
    (CLAIM, "settings: [multilingual]", "settings: [multilingual, monolingual]", "means nothing in the setting monolingual"),
    (CLAIM, "settings: [multilingual]", "settings: [multilingual, multilingual]", "`multilingual` stands twice in settings"),
    (BEST, "measure: R@10", "measure: RankDistance", "use `reduction`"),
    (BEST, "measure: R@10", "measure: R@99999999", "is not known|use AP"),
    ("claims/hybrid-batches/11-strong-zero-shot-retrieval.yaml", "at_least: all", "at_least: 0", "asks for nothing"),
])
def test_it_is_told_with_its_place(paper_claims: Path, file: str, old: str, new: str, what: str):
    path = paper_claims.parent / file
    text = path.read_text(encoding="utf-8")
    assert old in text, path
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    faults = read_library(paper_claims).faults
    assert [fault for fault in faults if re.search(what, str(fault)) and fault.path.name == path.name], [*map(str, faults)]
    assert all(fault.line > 1 for fault in faults if re.search(what, str(fault)))


def test_the_untrained_encoder_is_an_arm_that_a_claim_may_name(paper_claims: Path):
    path = paper_claims / "hybrid-batches" / "10-reduces-language-bias.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("          against: monolingual\n          measure: RankDistance",
                                 "          against: untrained\n          measure: RankDistance"), encoding="utf-8")
    assert read_library(paper_claims).faults == ()
