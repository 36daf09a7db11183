"""The only SQL: one portable text over two thin adapters, SQLite (embedded) and PostgreSQL."""
