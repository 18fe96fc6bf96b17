-- change_user: set what is given of an account; NULL leaves a value as it is.
-- parameters: user_id uuid, name text, full_name text, role text, password_hash text
-- columns:    user_id uuid; no row if there is no such account
WITH renamed AS (
    -- Invitations know by name who made them: they end with the right to make them, under whichever name.
    UPDATE invitations i SET by = %(name)s::text
      FROM users u
     WHERE u.user_id = %(user_id)s AND i.by = u.name AND i.used_at IS NULL AND %(name)s::text IS NOT NULL
)
UPDATE users
   SET name = coalesce(%(name)s, name), full_name = coalesce(%(full_name)s, full_name),
       role = coalesce(%(role)s, role), password_hash = coalesce(%(password_hash)s, password_hash)
 WHERE user_id = %(user_id)s
RETURNING user_id;
