-- use_invitation: take an invitation that is neither used nor expired.
-- parameters: token_hash bytea, now timestamptz
-- columns:    invitation_id uuid, role text; no row if it cannot be used
UPDATE invitations SET used_at = %(now)s
 WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > %(now)s
RETURNING invitation_id, role;
