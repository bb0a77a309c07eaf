"""XQuAD-R and MLQA-R: SQuAD's JSON with sentence boundaries -> questions, sentences by position, and which answers which.

The rule for the relevant sentence is LAReQA's: the one that holds `answer_start`. Answers that run past its end are counted.
Source: Roy et al. 2020, arXiv:2004.05484, section 3.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.errors import CorruptInput, Fault


def read(name: str, paths: Mapping[str, Path]) -> ParallelCorpus:
    """Read a corpus from one JSON file a language. Raises CorruptInput: every fault of every file."""
    parts: dict[str, LanguagePart] = {}
    faults: list[Fault] = []
    for language in sorted(paths):
        reader = _Reader(name=name, language=language, path=paths[language])
        part = reader.read()
        faults += reader.faults
        if part is not None:
            parts[language] = part
    if faults:
        raise CorruptInput(faults)
    return ParallelCorpus(name=name, parts=parts)


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one language; gathers what it finds and every fault."""

    name: str
    language: str
    path: Path
    text: str = ""
    faults: list[Fault] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    relevant: dict[str, int] = field(default_factory=dict)
    run_past: int = 0
    breaks_differ: int = 0

    def read(self) -> LanguagePart | None:
        """The language, or None where its file is faulty."""
        document = self._json()
        if document is None:
            return None
        articles = document.get("data") if isinstance(document, dict) else None
        if not isinstance(articles, list) or not articles:
            self._fault("", "holds no articles: the key `data` is missing or empty")
            return None
        for number, article in enumerate(articles):
            self._article(article, f"data[{number}]")
        if self.faults:
            return None
        return LanguagePart(language=self.language, questions=tuple(self.questions), candidates=tuple(self.candidates),
                            relevant=self.relevant, answers_run_past=self.run_past, breaks_differ=self.breaks_differ)

    def _json(self) -> Any:
        try:
            self.text = self.path.read_text(encoding="utf-8")
            return json.loads(self.text, object_pairs_hook=self._pairs)
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self.faults.append(Fault(path=self.path, line=line, what=f"not UTF-8 text at byte {error.start}", next_move=_AGAIN))
        except json.JSONDecodeError as error:
            self.faults.append(Fault(path=self.path, line=error.lineno, column=error.colno, next_move=_AGAIN,
                                     what=f"not JSON: {error.msg}"))
        except OSError as error:
            self.faults.append(Fault(path=self.path, what=f"cannot be read: {error.strerror}", next_move="check the path"))
        except (RecursionError, ValueError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            self.faults.append(Fault(path=self.path, what=f"not JSON of this kind: {why}", next_move=_AGAIN))
        return None

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object of the file; a key that stands twice in it is a fault, since JSON would take the last in silence."""
        made = dict(pairs)
        if len(made) < len(pairs):
            twice = next(key for key, _ in pairs if [other for other, _ in pairs].count(key) > 1)
            self._fault(str(made.get("id") or made.get("title") or ""), f"the key `{twice}` stands twice in one object")
        return made

    def _fault(self, needle: str, what: str) -> None:
        """A fault at the first place of a text in the file (an id, say), or at its start."""
        spelt = (f": {json.dumps(needle)}", f": {json.dumps(needle, ensure_ascii=False)}", json.dumps(needle)) if needle else ()
        at = next((place for each in spelt if (place := self.text.find(each)) >= 0), 0)
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        self.faults.append(Fault(path=self.path, line=line, column=column, what=what, next_move=_AGAIN))

    def _article(self, article: Any, place: str) -> None:
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        title = article.get("title") if isinstance(article, dict) else None
        if not isinstance(paragraphs, list) or not isinstance(title, str):
            self._fault("", f"{place} has no title or no paragraphs")
            return
        for number, paragraph in enumerate(paragraphs):
            self._paragraph(paragraph, title, f"{place}.paragraphs[{number}]")

    def _paragraph(self, paragraph: Any, title: str, place: str) -> None:
        kinds = {"context": str, "qas": list, "sentences": list, "sentence_breaks": list}
        missing = [key for key, kind in kinds.items()
                   if not isinstance(paragraph, dict) or not isinstance(paragraph.get(key), kind)]
        if missing:
            self._fault(title, f"{place} has no {', '.join(missing)}")
            return
        breaks = self._breaks(paragraph, title, place)
        if breaks is None:
            return
        first = len(self.candidates)
        for (start, end), sentence in zip(breaks, paragraph["sentences"], strict=True):
            self.breaks_differ += paragraph["context"][start:end] != sentence
            self.candidates.append(Candidate(id=f"{self.name}/{self.language}/{len(self.candidates):05d}", text=sentence,
                                             language=self.language, article=title))
        for question in paragraph["qas"]:
            self._question(question, breaks, first, title, paragraph["context"])

    def _breaks(self, paragraph: dict[str, Any], title: str, place: str) -> list[tuple[int, int]] | None:
        breaks, sentences = paragraph["sentence_breaks"], paragraph["sentences"]
        right = all(isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair) for pair in breaks)
        if not right or len(breaks) != len(sentences) or not all(isinstance(text, str) for text in sentences):
            self._fault(title, f"{place} has {len(sentences)} sentences and {len(breaks)} sentence breaks that do not pair")
            return None
        length, last = len(paragraph["context"]), 0
        for start, end in breaks:
            if not last <= start < end <= length:
                self._fault(title, f"{place} has a sentence break [{start}, {end}] outside the text, out of "
                            f"order, empty or overlapping (its text has {length} characters)")
                return None
            last = end
        return [(start, end) for start, end in breaks]

    def _question(self, question: Any, breaks: list[tuple[int, int]], first: int, title: str, context: str) -> None:
        name = question.get("id") if isinstance(question, dict) else None
        if not isinstance(name, str) or name.split() != [name] or not str(question.get("question") or "").strip():
            self._fault(title, f"a question of `{title}` has no id, no text, or white space in its id")
            return
        if name in self.relevant:
            self._fault(name, f"the question id `{name}` stands twice")
            return
        answers = question.get("answers")
        answer = answers[0] if isinstance(answers, list) and answers and isinstance(answers[0], dict) else {}
        start, text = answer.get("answer_start"), answer.get("text")
        if type(start) is not int or not isinstance(text, str):
            self._fault(name, f"the question `{name}` has no answer with `answer_start` and `text`")
            return
        if not text or context[start:start + len(text)] != text:
            self._fault(name, f"the answer of `{name}` is not the text at its place {start}")
            return
        holding = [number for number, (begin, end) in enumerate(breaks) if begin <= start < end]
        if len(holding) != 1:
            self._fault(name, f"the answer of `{name}` starts at {start}, in {len(holding)} sentences instead of one")
            return
        self.run_past += start + len(text) > breaks[holding[0]][1]
        self.relevant[name] = first + holding[0]
        self.questions.append(Question(id=name, language=self.language, text=question["question"], article=title))


_AGAIN = "fetch the file again, or correct it"
