"""Findings of the tiers that need no run: what the paper's own tables print."""
