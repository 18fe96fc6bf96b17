-- experiment_config: an experiment as it was submitted.
-- parameters: viewer_id uuid, experiment_id uuid
-- columns:    config json; no row if there is no such experiment, or it is not the viewer's to see
SELECT config
  FROM experiments
 WHERE experiment_id = %(experiment_id)s AND experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s));
