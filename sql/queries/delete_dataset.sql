-- delete_dataset: take a dataset's name away; the file stays, as runs of others may need it.
-- parameters: actor_id uuid, dataset_id uuid
-- columns:    dataset_id uuid; no row if it is neither the actor's nor the actor an administrator
DELETE FROM datasets
 WHERE dataset_id = %(dataset_id)s
   AND (owner_id = %(actor_id)s OR EXISTS (SELECT FROM users WHERE user_id = %(actor_id)s AND role = 'administrator'))
RETURNING dataset_id;
