"""What became of everything each view reads, and how stale that makes it."""
