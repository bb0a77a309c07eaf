"""From per-question scores of several runs to effects, bounds and p-values; knows no claim and no verdict."""
