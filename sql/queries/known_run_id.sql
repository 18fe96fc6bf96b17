-- known_run_id: whether a run of this id is or was there.
-- parameters: run_id uuid
-- columns:    known bool
SELECT EXISTS (SELECT FROM runs WHERE run_id = %(run_id)s)
    OR EXISTS (SELECT FROM deleted_runs WHERE run_id = %(run_id)s);
