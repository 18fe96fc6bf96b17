-- insert_invitation: a link by which one person may register.
-- parameters: token_hash bytea, role text, by text, expires_at timestamptz
-- columns:    invitation_id uuid
INSERT INTO invitations (token_hash, role, by, expires_at)
VALUES (%(token_hash)s, %(role)s, %(by)s, %(expires_at)s)
RETURNING invitation_id;
