-- insert_session: a new session of an account, or of a share link's visitor.
-- parameters: session_hash bytea, user_id uuid, link_id uuid (one of the two is NULL), now timestamptz,
--             expires_at timestamptz, address text, agent text
-- columns:    session_id uuid
INSERT INTO sessions (session_hash, user_id, link_id, created_at, seen_at, confirmed_at, expires_at, address, agent)
VALUES (%(session_hash)s, %(user_id)s, %(link_id)s, %(now)s, %(now)s, %(now)s, %(expires_at)s, %(address)s, %(agent)s)
RETURNING session_id;
