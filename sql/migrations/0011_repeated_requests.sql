-- Requests that came with an Idempotency-Key: the same again is answered as the first, by whichever server, for a day.
CREATE TABLE repeated_requests (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    request    text NOT NULL, -- method and path: POST /api/me/tokens
    key        text NOT NULL,
    claim_id   uuid NOT NULL, -- who answers it: a claim that died is taken over under another id
    credential bytea NOT NULL, -- SHA-256 of the session or token that asked: it alone can read the answer
    body_mac   bytea NOT NULL, -- HMAC of the body, by the secret of session or token
    has_acted  boolean NOT NULL DEFAULT false, -- set in the transaction that does what was asked
    status     smallint, -- NULL: not answered yet
    answer     bytea,    -- encrypted by the same secret: it may hold a token, which is shown once
    asked_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, request, key)
);
CREATE INDEX repeated_requests_by_time ON repeated_requests (asked_at);

ALTER TABLE repeated_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON repeated_requests TO nntracker_web
    USING (user_id = current_viewer()) WITH CHECK (user_id = current_viewer());
