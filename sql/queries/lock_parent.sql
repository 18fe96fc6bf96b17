-- lock_parent: what a fork or rerun is made from; nobody else makes one in this experiment until the transaction ends.
-- parameters: actor_id uuid, run_id uuid
-- columns:    run_no int, name text, spec text (JSON), inherited_epochs int, inherited_steps int8, checkpoints json
SELECT r.run_no, r.name, r.spec::text, r.inherited_epochs, r.inherited_steps,
       (SELECT f.value FROM run_facts f WHERE f.run_no = r.run_no AND f.key = 'checkpoints')
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE e.experiment_id IN (SELECT experiment_id FROM actable_experiments(%(actor_id)s)) AND r.run_id = %(run_id)s
   FOR NO KEY UPDATE OF r, e;
