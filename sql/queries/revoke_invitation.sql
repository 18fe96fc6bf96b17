-- revoke_invitation: take an invitation back.
-- parameters: invitation_id uuid, now timestamptz
-- columns:    invitation_id uuid; no row if it is used, or there is none
UPDATE invitations SET used_at = %(now)s WHERE invitation_id = %(invitation_id)s AND used_at IS NULL RETURNING invitation_id;
