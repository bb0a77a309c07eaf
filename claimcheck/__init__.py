"""claimcheck re-runs the claims of papers on multilingual retrieval and says what the evidence carries.

The way of the data, one noun a step:

    claim file -> Claim                 claim_files    what the paper says, with predictions that could fail
    reproduction file -> Reproduction   reproduction_files    how it is re-run
    Claims + Reproduction -> Plan       plan           what must be run
    reported tables -> Count            evidence       what was found
    Count -> word                       verdict        what follows, at one tier
    all tiers -> Appraisal              appraisal      what is said of the claim
    Appraisals -> report                report         HTML, LaTeX, JSON
"""

__version__ = "0.1.0"
