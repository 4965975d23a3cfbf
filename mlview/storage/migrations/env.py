"""What Alembic runs: the migrations, inside the transaction of the connection it was handed."""

from alembic import context

from mlview.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
context.run_migrations()
