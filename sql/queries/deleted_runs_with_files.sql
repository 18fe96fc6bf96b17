-- deleted_runs_with_files: deleted runs whose files may still be there, the oldest deletion first.
-- parameters: none
-- columns:    run_id uuid
SELECT d.run_id
  FROM deleted_runs d
 WHERE d.files_removed_at IS NULL
   -- A run that was submitted again has the same id: the files may be its own by now.
   AND NOT EXISTS (SELECT FROM runs r WHERE r.run_id = d.run_id)
 ORDER BY d.deleted_at;
