-- lock_deleted_run: a deleted run whose files may still be there, for who removes them: until the end of the
--             transaction nobody else does. No row: they are gone, or somebody else is removing them.
-- parameters: run_id uuid
-- columns:    run_id uuid, name text, location text (NULL: none beside the usual ones), and two of no interest
SELECT run_id, name, location,
       -- Storage elsewhere may be slow. Losing the lock in the midst would let the run come back too early.
       set_config('idle_in_transaction_session_timeout', '15min', true),
       -- A note that a crash has lost is written again; whatever is committed after it keeps it.
       set_config('synchronous_commit', 'off', true)
  FROM deleted_runs
 WHERE run_id = %(run_id)s AND files_removed_at IS NULL
   FOR UPDATE SKIP LOCKED;
