-- run_fact: one thing that is true of a run as a whole.
-- parameters: run_no int, key text
-- columns:    value json
SELECT value FROM run_facts WHERE run_no = %(run_no)s AND key = %(key)s;
