-- note_migration: remember that a migration was applied.
-- parameters: name text, sha256 text (hex)
-- columns:    none
INSERT INTO nntracker_migrations (name, sha256) VALUES (%(name)s, %(sha256)s);
