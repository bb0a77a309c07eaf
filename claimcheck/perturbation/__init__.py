"""Clean query to perturbed query, per script, with an edit budget. Knows neither encoders nor judgments."""
