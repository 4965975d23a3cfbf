"""The scheduled refresh daemon: notices, plans, refreshes, and lives for months."""
