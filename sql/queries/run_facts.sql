-- run_facts: what is true of a run as a whole.
-- parameters: run_no int
-- columns:    key text, value json
SELECT key, value FROM run_facts WHERE run_no = %(run_no)s ORDER BY key;
