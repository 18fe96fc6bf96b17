-- Many people on one platform: accounts with passwords and roles, sessions and tokens that can be taken back,
-- invitations, who may see whose experiments, and what administrators want to read afterwards.

ALTER TABLE users
    ADD COLUMN role          text NOT NULL DEFAULT 'user' CHECK (role IN ('viewer', 'user', 'code', 'administrator')),
    ADD COLUMN full_name     text NOT NULL DEFAULT '',
    ADD COLUMN password_hash text,        -- Argon2id; NULL: signs in by link alone
    ADD COLUMN disabled_at   timestamptz, -- from then on nobody signs in, and no token works
    ADD COLUMN seen_at       timestamptz; -- last request, to the minute
UPDATE users SET role = 'administrator' WHERE is_local;
-- "Ada" and "ada" would be mistaken for each other.
CREATE UNIQUE INDEX users_by_lower_name ON users (lower(name));

-- A read-only link to one experiment. Whoever opens it sees as `link_id`, and nothing else.
CREATE TABLE share_links (
    link_id       uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    experiment_id uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    token_hash    bytea NOT NULL UNIQUE,
    by            text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz
);
CREATE INDEX share_links_by_experiment ON share_links (experiment_id);

CREATE TABLE experiment_shares (
    experiment_id uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    may_act       boolean NOT NULL DEFAULT false, -- pause, resume, stop, fork ...; false: only see
    by            text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (experiment_id, user_id)
);
CREATE INDEX experiment_shares_by_user ON experiment_shares (user_id);

ALTER TABLE sessions
    ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE, -- names it where the hash must not be shown
    ADD COLUMN link_id    uuid REFERENCES share_links ON DELETE CASCADE,
    ADD COLUMN seen_at    timestamptz NOT NULL DEFAULT now(), -- to the minute; a session idle for 12 h is over
    ADD COLUMN address    text NOT NULL DEFAULT '',
    ADD COLUMN agent      text NOT NULL DEFAULT '',
    ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now(), -- when the password was last given
    ALTER COLUMN user_id DROP NOT NULL,
    ADD CONSTRAINT sessions_have_one_viewer CHECK (num_nonnulls(user_id, link_id) = 1);

CREATE TABLE api_tokens (
    token_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    start      text NOT NULL, -- its first characters, to tell tokens apart
    scopes     text[] NOT NULL CHECK (scopes <@ ARRAY['read', 'act', 'administer']),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,   -- NULL: never; for the platform's own command line alone
    seen_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

CREATE TABLE invitations (
    invitation_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    token_hash    bytea NOT NULL UNIQUE,
    role          text NOT NULL CHECK (role IN ('viewer', 'user', 'code', 'administrator')),
    by            text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz, -- or taken back: it opens no account any more
    used_by       uuid REFERENCES users ON DELETE SET NULL
);

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value json NOT NULL,
    by    text NOT NULL,
    time  timestamptz NOT NULL DEFAULT now()
);

-- Attempts that are limited in number: signing in, registering. Rows older than the widest window are removed.
CREATE TABLE attempts (
    kind    text NOT NULL,
    subject text NOT NULL, -- an account's name, an address
    time    timestamptz NOT NULL
);
CREATE INDEX attempts_counted ON attempts (kind, subject, time);
CREATE INDEX attempts_by_time ON attempts (time);

CREATE TABLE audit_log (
    no      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time    timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id uuid,                     -- no foreign key: the record outlives the account
    by      text NOT NULL,
    action  text NOT NULL,            -- 'signed in', 'role changed', ...
    subject text NOT NULL DEFAULT '', -- whom or what it was done to
    details text NOT NULL DEFAULT '',
    address text NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_by_user ON audit_log (user_id, no DESC);

-- The one place that says who sees what, and who acts on what. A viewer is a user or a share link.
CREATE FUNCTION visible_experiments(viewer uuid) RETURNS TABLE (experiment_id uuid) LANGUAGE sql STABLE ROWS 100
BEGIN ATOMIC
    SELECT e.experiment_id FROM experiments e WHERE e.owner_id = viewer
    UNION
    SELECT e.experiment_id FROM users u, experiments e WHERE u.user_id = viewer AND u.role = 'administrator'
    UNION
    SELECT s.experiment_id FROM experiment_shares s WHERE s.user_id = viewer
    UNION
    SELECT l.experiment_id FROM share_links l
     WHERE l.link_id = viewer AND l.revoked_at IS NULL AND l.expires_at > now();
END;

CREATE FUNCTION actable_experiments(actor uuid) RETURNS TABLE (experiment_id uuid) LANGUAGE sql STABLE ROWS 100
BEGIN ATOMIC
    SELECT e.experiment_id FROM experiments e WHERE e.owner_id = actor
    UNION
    SELECT e.experiment_id FROM users u, experiments e WHERE u.user_id = actor AND u.role = 'administrator'
    UNION
    SELECT s.experiment_id FROM experiment_shares s WHERE s.user_id = actor AND s.may_act;
END;
