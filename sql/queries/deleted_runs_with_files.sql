-- deleted_runs_with_files: deleted runs whose files may still be there, the oldest deletion first.
-- parameters: run_ids uuid[] (NULL: all)
-- columns:    run_id uuid, name text, location text (NULL: none beside the usual ones)
SELECT run_id, name, location
  FROM deleted_runs
 WHERE files_removed_at IS NULL AND (%(run_ids)s::uuid[] IS NULL OR run_id = ANY(%(run_ids)s))
 ORDER BY deleted_at;
