-- Five column types serve both databases: TEXT, BIGINT, BOOLEAN, TIMESTAMP, DOUBLE PRECISION.
-- Times are UTC. Ids are UUIDv7. Secrets are stored as hashes (hexadecimal text), never as they are.

-- +goose Up

-- People and organizations share one namespace, because both own a scope (@name). A name outlives its
-- holder, so that nobody can take over what was published under it.
CREATE TABLE names (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE REFERENCES names (name),
    full_name TEXT NOT NULL DEFAULT '',
    homepage TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    email_verified_at TIMESTAMP,
    password_hash TEXT NOT NULL,
    password_changed_at TIMESTAMP NOT NULL,
    operator BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- An address belongs to whoever verified it; unverified claims may be many and count for nothing.
CREATE UNIQUE INDEX users_verified_email ON users (email_key) WHERE email_verified_at IS NOT NULL;
CREATE INDEX users_email ON users (email_key);

-- What a mailed or printed link stands for. Used once: whoever deletes the row has used it.
CREATE TABLE links (
    secret_hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX links_expiry ON links (expires_at);
CREATE INDEX links_user ON links (user_id);

-- Who is signed in, in a browser. The row is the truth; a cookie only leads to it.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ip TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    deadline_at TIMESTAMP NOT NULL,
    confirmed_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE browser_state (
    token TEXT PRIMARY KEY,
    data TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX browser_state_expiry ON browser_state (expires_at);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    revoked_at TIMESTAMP,
    last_used_at TIMESTAMP,
    last_used_ip TEXT NOT NULL DEFAULT ''
);
CREATE INDEX tokens_user ON tokens (user_id);

-- A terminal that waits for somebody to sign it in in a browser.
CREATE TABLE web_logins (
    id TEXT PRIMARY KEY,
    poll_hash TEXT NOT NULL UNIQUE,
    ip TEXT NOT NULL,
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL,
    approver_ip TEXT NOT NULL DEFAULT '',
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,
    token_id TEXT REFERENCES tokens (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    redeemed_at TIMESTAMP
);
CREATE INDEX web_logins_expiry ON web_logins (expires_at);
CREATE INDEX web_logins_network ON web_logins (network);

-- The security log. Rows are only ever added.
CREATE TABLE audit_log (
    id TEXT PRIMARY KEY,
    at TIMESTAMP NOT NULL,
    event TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    via TEXT NOT NULL,
    ip TEXT NOT NULL,
    agent TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_log_actor ON audit_log (actor_id, at);
CREATE INDEX audit_log_subject ON audit_log (subject, at);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at TIMESTAMP NOT NULL,
    leased_until TIMESTAMP NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at);

CREATE TABLE rate_limits (
    key TEXT PRIMARY KEY,
    full_at TIMESTAMP NOT NULL
);
CREATE INDEX rate_limits_full ON rate_limits (full_at);

CREATE TABLE signing_keys (
    id TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    sealed_private_key TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP
);
