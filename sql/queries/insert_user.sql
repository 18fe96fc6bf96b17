-- insert_user: a new account.
-- parameters: name text, full_name text, role text, password_hash text (NULL: signs in by link alone)
-- columns:    user_id uuid; no row if somebody is called so, in whatever case
INSERT INTO users (name, full_name, role, password_hash)
VALUES (%(name)s, %(full_name)s, %(role)s, %(password_hash)s)
ON CONFLICT DO NOTHING
RETURNING user_id;
