"""Where runs are executed. Sees no claim, no margin and no verdict."""
