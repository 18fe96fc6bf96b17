-- lock_run: where a run stands; nobody else changes it until the end of the transaction.
-- parameters: run_id uuid
-- columns:    run_no int, state text, attempt int
SELECT run_no, state, attempt FROM runs WHERE run_id = %(run_id)s FOR NO KEY UPDATE;
