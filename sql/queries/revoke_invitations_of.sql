-- revoke_invitations_of: take back what an account has invited people by, as far as nobody has come yet.
-- parameters: user_id uuid, now timestamptz
-- columns:    invitation_id uuid
UPDATE invitations i SET used_at = %(now)s
  FROM users u
 WHERE u.user_id = %(user_id)s AND i.by = u.name AND i.used_at IS NULL
RETURNING i.invitation_id;
