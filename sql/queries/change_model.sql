-- change_model: let everybody use a model, or its owner alone.
-- parameters: actor_id uuid, model_id uuid, is_public bool
-- columns:    model_id uuid; no row if it is neither the actor's nor the actor an administrator
UPDATE models SET is_public = %(is_public)s
 WHERE model_id = %(model_id)s
   AND (owner_id = %(actor_id)s OR EXISTS (SELECT FROM users WHERE user_id = %(actor_id)s AND role = 'administrator'))
RETURNING model_id;
