"""The machine under test: batches, encoders, training and ranking. The only home of torch."""
