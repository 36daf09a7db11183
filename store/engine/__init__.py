"""The two engines behind the port: SQLite with one writer, PostgreSQL; their schema and how they are opened."""
