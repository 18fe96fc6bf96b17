-- matching_runs: ids of the owner's runs that match every filter given, newest experiment first, then grid order.
-- parameters: owner_id uuid, experiment_id uuid (NULL: any), tag text (NULL: any), states text[] (NULL: any),
--             limit int (NULL: all), offset int
-- columns:    run_id uuid, total int8 (how many match, whatever the limit)
SELECT r.run_id, count(*) OVER ()
  FROM runs r JOIN experiments e USING (experiment_id)
 WHERE e.owner_id = %(owner_id)s
   AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
   AND (%(tag)s::text IS NULL
        OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
   AND (%(states)s::text[] IS NULL OR r.state = ANY(%(states)s))
 ORDER BY e.experiment_no DESC, r.position, r.run_no
 LIMIT %(limit)s OFFSET %(offset)s;
