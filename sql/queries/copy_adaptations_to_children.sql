-- copy_adaptations_to_children: what a run's forks inherit of its adaptations, into their own.
-- parameters: run_no int
-- columns:    none
INSERT INTO adaptations (run_no, parameter, epoch, step, old, new, cause, time, attempt)
SELECT c.run_no, a.parameter, a.epoch, a.step, a.old, a.new, a.cause, a.time, 0
  FROM runs c
  JOIN adaptations a ON a.run_no = c.parent_no AND a.step < c.inherited_steps
 WHERE c.parent_no = %(run_no)s
   -- Left out as in adaptations.sql: what a later attempt went back behind.
   AND NOT EXISTS (SELECT
                     FROM run_facts began
                    WHERE began.run_no = a.run_no
                      AND began.attempt > a.attempt
                      AND a.step >= CASE WHEN starts_with(began.key, 'began_at_step_')
                                         THEN substring(began.key FROM 15)::int8 END)
ON CONFLICT DO NOTHING;
