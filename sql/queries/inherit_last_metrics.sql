-- inherit_last_metrics: the newest values that a fork inherits, so that lists show where it begins.
-- parameters: run_no int
-- columns:    none
WITH RECURSIVE lineage AS (
    SELECT parent_no AS run_no, inherited_steps AS up_to_step FROM runs
     WHERE run_no = %(run_no)s AND inherited_steps IS NOT NULL
    UNION ALL
    SELECT r.parent_no, least(l.up_to_step, r.inherited_steps)
      FROM lineage l
      JOIN runs r USING (run_no)
     WHERE r.inherited_steps IS NOT NULL
)
INSERT INTO run_last_metrics (run_no, metric, epoch, step, value, time, attempt)
SELECT DISTINCT ON (m.metric) %(run_no)s, m.metric, m.epoch, m.step, m.value, m.time, 0
  FROM lineage l
  JOIN metrics m ON m.run_no = l.run_no AND m.step <= l.up_to_step
 WHERE m.layer = '' AND m.tensor = ''
   -- A test is made at the end of a run: it is the parent's result.
   AND NOT starts_with(m.metric, 'test_')
 ORDER BY m.metric, m.epoch DESC, m.step DESC
    -- What it has measured itself is newer.
    ON CONFLICT DO NOTHING;
