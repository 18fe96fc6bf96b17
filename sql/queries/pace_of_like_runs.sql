-- pace_of_like_runs: how long an epoch took in runs of the same model, training set and batch size.
-- parameters: viewer_id uuid, model_digest text, train_digest text, batch_size int
-- columns:    seconds float8 (median of the last epochs; NULL: none is known), runs int8
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY m.value) AS seconds, count(*) AS runs
  FROM runs r
  JOIN run_last_metrics m ON m.run_no = r.run_no AND m.metric = 'epoch_time' AND m.value > 0 AND m.value < 'Infinity'
 WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND r.spec ->> 'model_digest' = %(model_digest)s::text
   AND r.spec -> 'train' ->> 'digest' = %(train_digest)s::text
   AND (r.spec ->> 'batch_size')::int = %(batch_size)s;
