-- local_account: the one owner of a platform on a person's own machine.
-- parameters: none
-- columns:    user_id uuid
SELECT user_id FROM users WHERE is_local;
