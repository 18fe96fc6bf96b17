"""PostgreSQL: the server, connections, schema, and every statement the platform sends."""
