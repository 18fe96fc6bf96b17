-- copy_metric_arrays_to_children: what a run's forks inherit of its metric arrays, into their own.
-- parameters: run_no int
-- columns:    none
INSERT INTO metric_arrays (run_no, metric, layer, tensor, epoch, step, dtype, shape, data, edges, time, attempt)
-- As of attempt 0: what the fork itself finds counts before it.
SELECT c.run_no, a.metric, a.layer, a.tensor, a.epoch, a.step, a.dtype, a.shape, a.data, a.edges, a.time, 0
  FROM runs c
  JOIN metric_arrays a ON a.run_no = c.parent_no AND a.step <= c.inherited_steps
 WHERE c.parent_no = %(run_no)s
ON CONFLICT DO NOTHING;
