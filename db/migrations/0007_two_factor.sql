-- +goose Up

-- An account's second factor. enabled_at is empty until the recovery codes are saved: nothing is asked for
-- before. handle is what passkeys know the account by, and says nothing about it (WebAuthn L3, 14.6.1).
CREATE TABLE two_factor (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    handle TEXT NOT NULL UNIQUE,
    mode TEXT NOT NULL DEFAULT '',
    enabled_at TIMESTAMP,
    codes_made_at TIMESTAMP
);

-- Security keys and passkeys. A credential belongs to one account, whoever else presents it.
CREATE TABLE security_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    credential_id TEXT NOT NULL,
    public_key TEXT NOT NULL,
    name TEXT NOT NULL,
    aaguid TEXT NOT NULL,
    attestation TEXT NOT NULL,
    transports TEXT NOT NULL,
    platform BOOLEAN NOT NULL,
    discoverable BOOLEAN NOT NULL,
    sign_count BIGINT NOT NULL,
    user_verified BOOLEAN NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up BOOLEAN NOT NULL,
    locked_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    last_used_for TEXT NOT NULL DEFAULT '',
    last_used_ip TEXT NOT NULL DEFAULT '',
    UNIQUE (host, credential_id),
    UNIQUE (user_id, name)
);

-- last_step is the time step of the newest code that was accepted. It only grows.
CREATE TABLE authenticator_apps (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret TEXT NOT NULL,
    last_step BIGINT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    locked_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP,
    last_used_for TEXT NOT NULL DEFAULT '',
    last_used_ip TEXT NOT NULL DEFAULT ''
);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_mac TEXT NOT NULL,
    used_at TIMESTAMP,
    PRIMARY KEY (user_id, code_mac)
);

-- A challenge that a key must sign. Whoever deletes the row has used it.
CREATE TABLE key_ceremonies (
    challenge_hash TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    bind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX key_ceremonies_expiry ON key_ceremonies (expires_at);
CREATE INDEX key_ceremonies_bind ON key_ceremonies (bind);

-- What a person is setting up in one browser or terminal, sealed.
CREATE TABLE two_factor_drafts (
    bind TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX two_factor_drafts_expiry ON two_factor_drafts (expires_at);

-- A command in a terminal that waits for a second factor. id is for the browser's address; poll_hash and
-- code_hash are of what only the terminal gets.
CREATE TABLE confirmations (
    id TEXT PRIMARY KEY,
    poll_hash TEXT NOT NULL UNIQUE,
    code_hash TEXT NOT NULL DEFAULT '',
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    action TEXT NOT NULL,
    package TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    request TEXT NOT NULL,
    command TEXT NOT NULL,
    run TEXT NOT NULL,
    workspaces BOOLEAN NOT NULL,
    typed BOOLEAN NOT NULL,
    ip TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX confirmations_expiry ON confirmations (expires_at);
CREATE INDEX confirmations_token ON confirmations (token_id);

-- What need not be proven again for a while, to the token and the address it was proven from.
CREATE TABLE confirmed (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE,
    ip TEXT NOT NULL,
    action TEXT NOT NULL,
    package TEXT NOT NULL,
    command TEXT NOT NULL,
    run TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    writes_left BIGINT NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX confirmed_expiry ON confirmed (expires_at);
CREATE INDEX confirmed_token ON confirmed (token_id);

-- Somebody whose password was right and who still owes a second proof. It gives no rights. sealed_code is
-- what was mailed to an account without a second factor.
CREATE TABLE sign_ins (
    id_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    needs TEXT NOT NULL,
    sealed_code TEXT NOT NULL DEFAULT '',
    tries BIGINT NOT NULL DEFAULT 0,
    ip TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);
CREATE INDEX sign_ins_user ON sign_ins (user_id);

-- By which factor a browser was signed in: "" is the password alone.
ALTER TABLE sessions ADD COLUMN factor TEXT NOT NULL DEFAULT '';
