-- create_migrations: the table that remembers which migrations were applied, and as what text.
-- parameters: none
-- columns:    none
CREATE TABLE IF NOT EXISTS nntracker_migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL, -- of the file, hex
    applied_at timestamptz NOT NULL DEFAULT now()
);
