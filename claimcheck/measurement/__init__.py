"""What a run leaves behind: the places of relevant candidates, and the measures that are derived from them."""
