-- delete_user: remove an account with its sessions, tokens and shares; its experiments must be gone or given away.
-- parameters: user_id uuid
-- columns:    user_id uuid; no row if there is no such account
DELETE FROM users WHERE user_id = %(user_id)s RETURNING user_id;
