-- list_invitations: invitations that can still be used, the newest first.
-- parameters: now timestamptz
-- columns:    invitation_id uuid, role text, by text, created_at timestamptz, expires_at timestamptz
SELECT invitation_id, role, by, created_at, expires_at
  FROM invitations
 WHERE used_at IS NULL AND expires_at > %(now)s
 ORDER BY created_at DESC, invitation_id;
