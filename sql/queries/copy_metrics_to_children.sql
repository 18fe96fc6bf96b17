-- copy_metrics_to_children: what a run's forks inherit of its metrics, into their own.
-- parameters: run_no int
-- columns:    none
INSERT INTO metrics (run_no, metric, layer, tensor, epoch, step, value, time, attempt)
-- As of attempt 0: what the fork itself measures counts before it.
SELECT c.run_no, m.metric, m.layer, m.tensor, m.epoch, m.step, m.value, m.time, 0
  FROM runs c
  JOIN metrics m ON m.run_no = c.parent_no AND m.step <= c.inherited_steps
 WHERE c.parent_no = %(run_no)s
ON CONFLICT DO NOTHING;
