-- lock_administrators: who could still look after the platform; nobody else changes them until the transaction ends.
-- parameters: none
-- columns:    user_id uuid
SELECT user_id FROM users WHERE role = 'administrator' AND disabled_at IS NULL ORDER BY user_id FOR UPDATE;
