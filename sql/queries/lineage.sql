-- lineage: a run and, if it is a fork, those it has its history from, oldest first.
-- parameters: viewer_id uuid, run_id uuid
-- columns:    run_no int, up_to_step int8 (its measurements up to this step belong to the run; NULL: all),
--             before_epoch int (its captures before this epoch, NULL: all), inherited_epochs int (of the run itself)
WITH RECURSIVE lineage AS (
    SELECT 0 AS generation, run_no, NULL::int8 AS up_to_step, NULL::int AS before_epoch, inherited_epochs,
           parent_no, inherited_steps AS next_steps, captures_before AS next_epoch
      FROM runs
     WHERE run_id = %(run_id)s AND experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
    UNION ALL
    SELECT l.generation + 1, p.run_no, least(l.up_to_step, l.next_steps), least(l.before_epoch, l.next_epoch),
           l.inherited_epochs, p.parent_no, p.inherited_steps, p.captures_before
      FROM lineage l
      JOIN runs p ON p.run_no = l.parent_no
     WHERE l.next_steps IS NOT NULL
)
SELECT run_no, up_to_step, before_epoch, coalesce(inherited_epochs, 0) FROM lineage ORDER BY generation DESC;
