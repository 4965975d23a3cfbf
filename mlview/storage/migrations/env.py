"""What Alembic runs: the migrations, on the connection it was handed."""

from alembic import context

from mlview.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's data definition is transactional once the driver leaves BEGIN to us.
    transactional_ddl=True,
)
context.run_migrations()
