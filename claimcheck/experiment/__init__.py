"""Executes one leg of one run, from start to places. Sees no claim, no margin and no verdict."""
