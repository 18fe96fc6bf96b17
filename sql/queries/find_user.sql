-- find_user: one account.
-- parameters: user_id uuid (NULL: by name), name text (in whatever case)
-- columns:    as list_users, without the tallies of runs, and password_hash text
SELECT user_id, name, full_name, role, is_local, created_at, seen_at, disabled_at, password_hash
  FROM users
 WHERE user_id = %(user_id)s::uuid OR (%(user_id)s::uuid IS NULL AND lower(name) = lower(%(name)s::text));
