"""The paper: `report.tex`, for pdflatex. Every text from claim files and tables is escaped, and any text compiles."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from claimcheck.report.view import FindingView, ReportView

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", '"': r"\textquotedbl{}", "|": r"\textbar{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "`": r"\textasciigrave{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---", "…": r"\dots{}", "\N{MINUS SIGN}": "$-$", "×": r"$\times$",
    "≤": r"$\le$", "≥": r"$\ge$", "±": r"$\pm$", "·": r"$\cdot$", "\N{NO-BREAK SPACE}": "~", "\N{SOFT HYPHEN}": "",
}
LONGEST_WORD = 18
_LATIN = frozenset("ĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŤťŮůŰűŸŹźŻżŽž")
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
    line = " ".join(str(text).split())
    return "".join(_character(each) for each in _LIGATURES.sub("\0", line))


def _character(character: str) -> str:
    if character == "\0":
        return "{}"
    if character in _SPECIAL:
        return _SPECIAL[character]
    if " " <= character <= "~" or "¡" <= character <= "ÿ" or character in _LATIN:
        return character
    return rf"\texttt{{[U+{ord(character):04X}]}}"


def column_spec(finding: FindingView) -> str:
    """The columns of a finding's table: short texts as they are, long ones set in a paragraph."""
    def text(entries: list[str]) -> str:
        return "l" if max(map(len, entries), default=0) <= LONGEST_WORD else "L{3.8cm}"

    about = "".join(text([cell.about[number] for cell in finding.cells]) for number in range(len(finding.columns)))
    outcome = text([cell.outcome + cell.note for cell in finding.cells])
    return about + "r" * (len(finding.value_columns) + bool(finding.margin_column)) + outcome


def digest(hexadecimal: str) -> TeX:
    """A digest that may break between groups of eight digits."""
    groups = (hexadecimal[start:start + 8] for start in range(0, len(hexadecimal), 8))
    return TeX(r"\texttt{" + r"\allowbreak ".join(groups) + "}")


def render(report: ReportView) -> str:
    """The whole document."""
    environment = Environment(
        loader=PackageLoader("claimcheck.report"), undefined=StrictUndefined, finalize=escape,
        autoescape=False,  # noqa: S701 - TeX, not HTML; `escape` sees every text
        block_start_string=r"\BLOCK{", block_end_string="}", variable_start_string=r"\VAR{", variable_end_string="}",
        comment_start_string=r"\COMMENT{", comment_end_string="}", trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True)
    environment.globals.update(column_spec=lambda finding: TeX(column_spec(finding)), digest=digest)
    return environment.get_template("report.tex.jinja").render(report=report)
