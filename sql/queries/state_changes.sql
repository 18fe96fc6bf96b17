-- state_changes: the history of a run, oldest first.
-- parameters: run_no int
-- columns:    time timestamptz, state text, attempt int, by text, why text, error text
SELECT time, state, attempt, by, why, error FROM run_states WHERE run_no = %(run_no)s ORDER BY no;
