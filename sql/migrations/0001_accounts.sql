-- Who may see what, and who is signed in. Only hashes of secrets are stored.
CREATE TABLE users (
    user_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL UNIQUE,
    is_local   boolean NOT NULL DEFAULT false, -- the one owner of a platform that runs on a person's own machine
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_one_local ON users (is_local) WHERE is_local;

CREATE TABLE login_links (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz, -- a link opens one session, once
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
    session_hash bytea PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    expires_at   timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_user ON sessions (user_id);
