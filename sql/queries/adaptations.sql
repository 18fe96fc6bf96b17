-- adaptations: the changes that made a run what it is, with those its ancestors made before it was forked, by step.
-- parameters: run_no int
-- columns:    parameter text, epoch int, step int8, old float8, new float8, cause text, time timestamptz, attempt int
WITH RECURSIVE lineage AS (
    SELECT run_no, parent_no, inherited_steps, NULL::int8 AS ends FROM runs WHERE run_no = %(run_no)s
    UNION ALL
    SELECT p.run_no, p.parent_no, p.inherited_steps, least(l.ends, l.inherited_steps)
      FROM lineage l
      JOIN runs p ON p.run_no = l.parent_no
     WHERE l.inherited_steps IS NOT NULL
)
SELECT a.parameter, a.epoch, a.step, a.old, a.new, a.cause, a.time, a.attempt
  FROM lineage l
  JOIN adaptations a USING (run_no)
 -- A change is made after the checkpoint of its step: whoever goes on from there decides on it anew.
 WHERE (l.ends IS NULL OR a.step < l.ends)
   AND NOT EXISTS (SELECT
                     FROM run_facts began
                    WHERE began.run_no = a.run_no
                      AND began.attempt > a.attempt
                      AND a.step >= CASE WHEN starts_with(began.key, 'began_at_step_')
                                         THEN substring(began.key FROM 15)::int8 END)
 ORDER BY a.step, a.parameter;
