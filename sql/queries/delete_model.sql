-- delete_model: take a model's name away; the file stays, as runs of others may need it.
-- parameters: actor_id uuid, model_id uuid
-- columns:    model_id uuid; no row if it is neither the actor's nor the actor an administrator
DELETE FROM models
 WHERE model_id = %(model_id)s
   AND (owner_id = %(actor_id)s OR EXISTS (SELECT FROM users WHERE user_id = %(actor_id)s AND role = 'administrator'))
RETURNING model_id;
