-- lock_accounts: nobody gives these accounts anything, or takes them away, until the transaction ends.
-- parameters: user_ids uuid[]
-- columns:    user_id uuid
SELECT user_id FROM users WHERE user_id = ANY(%(user_ids)s::uuid[]) ORDER BY user_id FOR UPDATE;
