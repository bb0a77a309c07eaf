"""One view of the appraisals, rendered as HTML, LaTeX and JSON."""
