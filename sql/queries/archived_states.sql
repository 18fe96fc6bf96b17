-- archived_states: the history of a run, oldest first.
-- parameters: run_no int
-- columns:    state text, attempt int, by text, why text, error text, time timestamptz
SELECT state, attempt, by, why, error, time FROM run_states WHERE run_no = %(run_no)s ORDER BY no;
