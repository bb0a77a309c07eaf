"""Stored values and claims -> findings, verdicts, headline."""
