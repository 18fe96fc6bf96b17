-- archived_facts: the facts of a run as they are kept.
-- parameters: run_no int
-- columns:    key text, attempt int, value json
SELECT key, attempt, value FROM run_facts WHERE run_no = %(run_no)s ORDER BY key;
