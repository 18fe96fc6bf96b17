-- cost_of_deletion: what is lost when these runs are deleted.
-- parameters: viewer_id uuid, run_ids uuid[]
-- columns:    run_id uuid, captures int8 (epochs at which arrays were stored), captured_bytes int8,
--             checkpoint_bytes int8 (as the trainer has last told), metric_points int8 (numbers and arrays), forks int8
--             (runs that go on from it)
SELECT r.run_id, weights.captures, weights.bytes, checkpoints.bytes, points.points, forks.forks
  FROM runs r
  JOIN experiments e USING (experiment_id)
  CROSS JOIN LATERAL (
       SELECT count(DISTINCT w.epoch) AS captures, coalesce(sum(octet_length(w.data)), 0)::int8 AS bytes
         FROM weight_arrays w WHERE w.run_no = r.run_no) AS weights
  CROSS JOIN LATERAL (
       SELECT coalesce(sum((kept ->> 'bytes')::int8), 0)::int8 AS bytes
         FROM run_facts f, json_array_elements(f.value) AS kept
        WHERE f.run_no = r.run_no AND f.key = 'checkpoints') AS checkpoints
  CROSS JOIN LATERAL (
       SELECT (SELECT count(*) FROM metrics m WHERE m.run_no = r.run_no)
            + (SELECT count(*) FROM metric_arrays a WHERE a.run_no = r.run_no) AS points) AS points
  CROSS JOIN LATERAL (SELECT count(*) AS forks FROM runs f WHERE f.parent_no = r.run_no AND f.origin = 'fork') AS forks
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND r.run_id = ANY(%(run_ids)s)
 ORDER BY r.run_no;
