-- change_dataset: let everybody use a dataset, or its owner alone.
-- parameters: actor_id uuid, dataset_id uuid, is_public bool
-- columns:    dataset_id uuid; no row if it is neither the actor's nor the actor an administrator
UPDATE datasets SET is_public = %(is_public)s
 WHERE dataset_id = %(dataset_id)s
   AND (owner_id = %(actor_id)s OR EXISTS (SELECT FROM users WHERE user_id = %(actor_id)s AND role = 'administrator'))
RETURNING dataset_id;
