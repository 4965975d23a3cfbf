"""Models maintained exactly from sums: accumulate signed rows, solve for an ordinary Pipeline."""
