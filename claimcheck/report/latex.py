"""The paper: `report.tex`, for pdflatex. Every text from claim files and tables is escaped, and any text compiles."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from claimcheck.report.latex_runs import drop_pieces, latin_examples, loss_grids, pieces, told
from claimcheck.report.latex_sweeps import swept_pieces
from claimcheck.report.view import CellView, FindingView, ReportView

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", '"': r"\textquotedbl{}", "|": r"\textbar{}",
    "[": "{[}", "]": "{]}", "*": "{*}",  # at the start of a row they would be taken for options
    "<": r"\textless{}", ">": r"\textgreater{}", "`": r"\textasciigrave{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---", "…": r"\dots{}", "\N{MINUS SIGN}": "$-$", "×": r"$\times$",
    "≤": r"$\le$", "≥": r"$\ge$", "±": r"$\pm$", "·": r"$\cdot$", "∞": r"$\infty$", "\N{NO-BREAK SPACE}": "~",
    "\N{SOFT HYPHEN}": "",
}
LONGEST_WORD = 18
LONGEST_HEADING = 14
BREAK_EVERY = 15
MOST_COLUMNS = 12
MOST_ROWS = 40
_LATIN = frozenset("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŤťŮůŰűŸŹźŻżŽž")
_MARKS = {"\0": "{}", "\1": r"\allowbreak{}"}
_CONTROLS = dict.fromkeys([*range(9), *range(14, 28), 127], "\ufffd")
_LONG_RUN = re.compile(r"\S{30,}")
_LIGATURES = re.compile(r"(?<=[-,])(?=[-,])|(?<=')(?=')")


class TeX(str):
    """Text that is TeX already and must not be escaped."""

    __slots__ = ()


def escape(text: object) -> str:
    r"""Text as TeX that prints it and does nothing else, on one line.

    Characters that pdflatex has no glyph for are given as code points, so that none is lost in silence.

    >>> escape(r"50 % of \input{x} --only"), escape("\u0645")
    ('50 \\% of \\textbackslash{}input\\{x\\} -{}-only', '\\texttt{[U+0645]}')
    """
    if isinstance(text, TeX):
        return text
    line = _LONG_RUN.sub(_breakable, " ".join(str(text).translate(_CONTROLS).split()))
    return "".join(_character(each) for each in _LIGATURES.sub("\0", line))


def _breakable(run: re.Match[str]) -> str:
    """A run without a space with places to break it, so that no line grows past what TeX can measure."""
    return "\1".join(run[0][start:start + BREAK_EVERY] for start in range(0, len(run[0]), BREAK_EVERY))


def _character(character: str) -> str:
    if character in _MARKS:
        return _MARKS[character]
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~" or "¡" <= character <= "ÿ" or character in _LATIN:
        return character
    return rf"\texttt{{[U+{ord(character):04X}]}}"


def column_spec(finding: FindingView) -> str:
    """The columns of a finding's table: short texts as they are, long ones set in a paragraph."""
    def text(entries: list[str]) -> str:
        return "l" if max(map(len, entries), default=0) <= LONGEST_WORD else "L{3.8cm}"

    about = "".join(text([name, *(cell.about[number] for cell in finding.cells)])
                    for number, name in enumerate(finding.columns[:MOST_COLUMNS]))
    values = "".join("r" if len(name) <= LONGEST_WORD else "L{2.5cm}" for name in finding.value_columns[:MOST_COLUMNS])
    outcome = text([cell.outcome + cell.note for cell in finding.cells])
    return about + values + "r" * bool(finding.margin_column) + outcome


def shown(finding: FindingView) -> tuple[CellView, ...]:
    """The cells that the paper prints: all of a short table, of a long one those that do not hold."""
    if len(finding.cells) <= MOST_ROWS:
        return finding.cells
    return tuple(cell for cell in finding.cells if cell.outcome != "holds")


def digest(hexadecimal: str) -> TeX:
    """A digest that may break between groups of eight digits."""
    groups = (hexadecimal[start:start + 8] for start in range(0, len(hexadecimal), 8))
    return TeX(r"\texttt{" + r"\allowbreak ".join(groups) + "}")


def narrow(heading: str) -> TeX:
    """A heading over numbers, broken between its words where it is long."""
    if len(heading) <= LONGEST_HEADING:
        return TeX(escape(heading))
    return TeX(r"\multicolumn{1}{L{1.9cm}}{" + escape(heading) + "}")


def render(report: ReportView) -> str:
    """The whole document."""
    environment = Environment(
        loader=PackageLoader("claimcheck.report"), undefined=StrictUndefined, finalize=escape,
        autoescape=False,  # noqa: S701 - TeX, not HTML; `escape` sees every text
        block_start_string=r"\BLOCK{", block_end_string="}", variable_start_string=r"\VAR{", variable_end_string="}",
        comment_start_string=r"\COMMENT{", comment_end_string="}", trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)
    environment.globals.update(column_spec=lambda finding: TeX(column_spec(finding)), digest=digest, shown=shown,
                               most=MOST_COLUMNS, narrow=narrow, pieces=pieces, drop_pieces=drop_pieces,
                               loss_grids=loss_grids, latin_examples=latin_examples,
                               swept_pieces=swept_pieces, told=told,
                               tex=TeX, right=lambda count: "r" * count, zip=zip)
    return environment.get_template("report.tex.jinja").render(report=report)
