"""Do the rules hold? Worlds whose truth is known, planted effects and halves of real runs, through the code that judges."""
