-- note_invited: who has come by an invitation.
-- parameters: invitation_id uuid, user_id uuid
-- columns:    none
UPDATE invitations SET used_by = %(user_id)s WHERE invitation_id = %(invitation_id)s;
