-- merge_fact: one fact of a run; of two attempts the later counts.
-- parameters: run_no int, key text, value json, attempt int
-- columns:    none
INSERT INTO run_facts (run_no, key, value, attempt)
VALUES (%(run_no)s, %(key)s, %(value)s::json, %(attempt)s)
ON CONFLICT (run_no, key) DO UPDATE SET value = excluded.value, attempt = excluded.attempt
 WHERE excluded.attempt > run_facts.attempt
    OR (excluded.attempt = run_facts.attempt AND excluded.value::text <> run_facts.value::text);
