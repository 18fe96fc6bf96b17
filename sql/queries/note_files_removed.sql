-- note_files_removed: no file of these deleted runs is left.
-- parameters: run_ids uuid[]
-- columns:    none
UPDATE deleted_runs SET files_removed_at = now() WHERE run_id = ANY(%(run_ids)s) AND files_removed_at IS NULL;
