"""What is kept of a maintained model's rows: sums, a sample of those held out, their moments."""
