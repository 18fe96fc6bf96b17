-- experiments_with_dataset: experiments that a viewer may see whose runs need a dataset.
-- parameters: viewer_id uuid, digest text, few int
-- columns:    name text
SELECT e.name
  FROM experiments e
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND EXISTS (SELECT FROM runs r
                WHERE r.experiment_id = e.experiment_id
                  AND %(digest)s::text IN (r.spec -> 'train' ->> 'digest', r.spec -> 'validation' ->> 'digest',
                                           r.spec -> 'test' ->> 'digest'))
 ORDER BY e.experiment_no DESC
 LIMIT %(few)s;
