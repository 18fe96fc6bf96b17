-- imported_runs_without_data: of runs, those that came in by an archive and need data that their owner may not use here:
--                             neither a dataset of the owner's or a public one, nor data of a run that was submitted here
--                             and that the owner may act on. Administrators may use all.
-- parameters: run_nos int[]
-- columns:    run_no int
SELECT r.run_no
  FROM runs r
  JOIN run_facts f ON f.run_no = r.run_no AND f.key = 'imported_from'
  JOIN users u ON u.user_id = r.owner_id AND u.role <> 'administrator'
 WHERE r.run_no = ANY(%(run_nos)s)
   AND EXISTS (
       SELECT FROM (VALUES (r.spec -> 'train' ->> 'digest'), (r.spec -> 'validation' ->> 'digest'),
                           (r.spec -> 'test' ->> 'digest')) AS needed (digest)
        WHERE needed.digest IS NOT NULL
          AND NOT EXISTS (SELECT FROM datasets d WHERE d.digest = needed.digest AND (d.owner_id = r.owner_id OR d.is_public))
          AND NOT EXISTS (
              SELECT FROM runs o
               WHERE o.experiment_id IN (SELECT experiment_id FROM actable_experiments(r.owner_id))
                 AND needed.digest IN (o.spec -> 'train' ->> 'digest', o.spec -> 'validation' ->> 'digest',
                                       o.spec -> 'test' ->> 'digest')
                 AND NOT EXISTS (SELECT FROM run_facts i WHERE i.run_no = o.run_no AND i.key = 'imported_from')
                 -- A fork or rerun of an imported run is one that was allowed, once: it allows nothing more.
                 AND o.origin IS NULL))
 ORDER BY r.run_no;
