"""How the catalog came to its present tables, one file a revision."""
