-- lock_user: an account stays as it is until the end of the transaction.
-- parameters: user_id uuid
-- columns:    user_id uuid; no row if there is no such account
SELECT user_id FROM users WHERE user_id = %(user_id)s FOR NO KEY UPDATE;
