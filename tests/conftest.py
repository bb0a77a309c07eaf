"""What tests share: where data and programs are found, and that a skip is a failure where CLAIMCHECK_REQUIRE says so.

The only place besides .ci/run that knows of ../shared.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_checkpoints

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
TEXTS = ["The river rises in the hills.", "Wo liegt die Quelle?", "नदी पहाड़ों से निकलती है।", "河流发源于北方。",
         "แม่น้ำไหลลงสู่ทะเล", "Der Fluss entspringt im Norden und mündet, nach vielen Windungen, in das Meer.",
         "Kaynak nerede?", "¿Dónde nace el río?", "Where does it end", "a", ""]
"""Texts of many scripts and lengths, one of them empty, from which tokenizers of tiny checkpoints are made."""


def required(what: str) -> bool:
    return what in os.environ.get("CLAIMCHECK_REQUIRE", "").split(",")


def skip(what: str, why: str) -> None:
    """Skip, or fail where the environment says that nothing of this kind may be skipped."""
    if required(what):
        pytest.fail(f"CLAIMCHECK_REQUIRE={what}: {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of the real data sets."""
    named = os.environ.get("CLAIMCHECK_DATA")
    folder = Path(named) if named else SHARED / "data"
    if not (folder / "xquad-r" / "en.json").is_file():
        skip("data", f"no data sets at {folder}: set CLAIMCHECK_DATA to a folder that holds xquad-r/ and mlqa-r/")
    return folder


@pytest.fixture(scope="session")
def paper_dir(data_dir: Path) -> Path:
    """The folder with the source report and the paper's tables as they were handed over."""
    folder = data_dir.parent / "paper"
    if not (folder / "source_report.txt").is_file():
        skip("data", f"no source report at {folder}")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        skip("chromium", "no Chromium on this machine: install Debian's package chromium")
    assert program is not None
    return program


@pytest.fixture(scope="session")
def pdflatex() -> str:
    program = shutil.which("pdflatex")
    if program is None:
        skip("tex", "no pdflatex on this machine: install Debian's packages texlive-latex-recommended, lmodern")
    assert program is not None
    return program


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests that do not need one of their own, so that each run is made once."""
    return tmp_path_factory.mktemp("results") / "store"


@pytest.fixture
def claimcheck(tmp_path: Path, store: Path) -> Command:
    """Run the command as its user does: in another process, elsewhere than in the repository."""

    def run(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        alike = {"CLAIMCHECK_DATA": "", "XDG_CACHE_HOME": str(tmp_path / "cache"),  # whatever this machine has
                 "CLAIMCHECK_STORE": str(store)}
        return subprocess.run([sys.executable, "-m", "claimcheck", *map(str, arguments)], cwd=cwd or tmp_path, text=True,
                              capture_output=True, check=False, env={**os.environ, **alike, **environment}, timeout=280)

    return run


@pytest.fixture
def paper_claims(tmp_path: Path) -> Path:
    """A copy of the paper's claims and reproduction that a test may change."""
    shutil.copytree(ROOT / "claims", tmp_path / "project" / "claims")
    shutil.copytree(ROOT / "reproductions", tmp_path / "project" / "reproductions")
    return tmp_path / "project" / "claims"


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with tiny checkpoints of the architectures and tokenizers that papers start from."""
    folder = tmp_path_factory.mktemp("data")
    own = TEXTS[:-1] * 3
    makers: dict[str, Callable[..., Path]] = {
        "tiny-xlm-r": tiny_checkpoints.xlm_roberta, "tiny-labse": tiny_checkpoints.labse, "tiny-mbert": tiny_checkpoints.mbert,
        "tiny-sentence": tiny_checkpoints.sentence_model}
    for name, make in makers.items():
        make(folder / "backbones" / name, own, width=32, vocabulary=200)
    return folder


@pytest.fixture
def one_thread():
    """PyTorch on one thread, as a run has it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
