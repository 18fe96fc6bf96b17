-- work_in_progress: the viewer's runs that trainers have now, with what they hold and how far they are.
-- parameters: viewer_id uuid
-- columns:    run_no int, run_id uuid, name text, experiment text, state text, cpu float8, gpu float8, epochs_done int,
--             total_epochs int, steps_done int8, started_at timestamptz (of this attempt), seconds_an_epoch float8
SELECT r.run_no, r.run_id, r.name, e.name AS experiment, r.state, r.cpu, r.gpu, r.epochs_done, r.total_epochs, r.steps_done,
       (SELECT max(s.time) FROM run_states s
         WHERE s.run_no = r.run_no AND s.attempt = r.attempt AND s.state = 'starting') AS started_at,
       (SELECT m.value FROM run_last_metrics m WHERE m.run_no = r.run_no AND m.metric = 'epoch_time') AS seconds_an_epoch
  FROM runs r JOIN experiments e USING (experiment_id)
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND r.state IN ('starting', 'running', 'pausing', 'stopping')
   AND r.heartbeat_at > now() - interval '60 s'
 ORDER BY r.run_no;
