-- experiments_with_model: experiments that a viewer may see whose runs need a model.
-- parameters: viewer_id uuid, digest text, few int
-- columns:    name text
SELECT e.name
  FROM experiments e
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND EXISTS (SELECT FROM runs r
                WHERE r.experiment_id = e.experiment_id AND r.spec ->> 'model_digest' = %(digest)s::text)
 ORDER BY e.experiment_no DESC
 LIMIT %(few)s;
