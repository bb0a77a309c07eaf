"""The command line: verbs over the way of the data. Nothing heavy is imported until a verb needs it.

Results go to standard output, progress and faults to standard error. Exit status: 0 ran, whatever the verdicts; 1 corrupt
input, a tier named by --tier that could not run, a verdict named by --fail-on, or a self-test that did not hold; 2 bad usage or
claim files.
"""

import click

from claimcheck import __version__
from claimcheck.cli.backbones import backbones
from claimcheck.cli.calibrating import selftest
from claimcheck.cli.data import data
from claimcheck.cli.exporting import export_run
from claimcheck.cli.judging import report, run
from claimcheck.cli.looking import list_claims, plan, schema, validate
from claimcheck.cli.options import Verbs
from claimcheck.cli.perturbing import perturb
from claimcheck.cli.scoring import score


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="claimcheck")
def main() -> None:
    """Check the claims of a paper: against its own tables, its data, and a re-run of its method.

    CLAIMS is a claim file or a folder of claim files (*.yaml).
    """


for verb in (run, list_claims, plan, validate, report, schema, data, backbones, score, export_run, perturb, selftest):
    main.add_command(verb)
