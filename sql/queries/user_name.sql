-- user_name: what an account is called.
-- parameters: user_id uuid
-- columns:    name text
SELECT name FROM users WHERE user_id = %(user_id)s;
