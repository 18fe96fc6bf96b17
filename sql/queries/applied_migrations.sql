-- applied_migrations: every migration this database has had.
-- parameters: none
-- columns:    name text, sha256 text
SELECT name, sha256 FROM nntracker_migrations;
