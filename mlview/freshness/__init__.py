"""How fresh views have to be: triggers, promises kept, and what is due when."""
