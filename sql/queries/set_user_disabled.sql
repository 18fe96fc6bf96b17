-- set_user_disabled: close an account, or open it again.
-- parameters: user_id uuid, disabled bool
-- columns:    user_id uuid; no row if there is no such account
UPDATE users SET disabled_at = CASE WHEN %(disabled)s THEN coalesce(disabled_at, now()) END
 WHERE user_id = %(user_id)s
RETURNING user_id;
