-- copy_weights_to_children: what a run's forks inherit of its captures, into their own.
-- parameters: run_no int
-- columns:    none
INSERT INTO weight_arrays (run_no, layer_name, tensor, epoch, part, layer_index, dtype, shape, step, time, attempt, data)
SELECT c.run_no, w.layer_name, w.tensor, w.epoch, w.part, w.layer_index, w.dtype, w.shape, w.step, w.time, 0, w.data
  FROM runs c
  -- A capture in the middle of an epoch is not part of a fork that makes the rest of that epoch.
  JOIN weight_arrays w ON w.run_no = c.parent_no AND w.step <= c.inherited_steps AND w.epoch < c.captures_before
 WHERE c.parent_no = %(run_no)s
ON CONFLICT DO NOTHING;
