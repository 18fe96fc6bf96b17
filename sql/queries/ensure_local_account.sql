-- ensure_local_account: make the one owner of a platform on a person's own machine.
-- parameters: none
-- columns:    user_id uuid; no row if there is one already
INSERT INTO users (name, is_local, role) VALUES ('local', true, 'administrator')
ON CONFLICT DO NOTHING
RETURNING user_id;
