"""The database: the engine, the schema that all tables stand on, and the migrations that make them."""
