-- +goose Up

-- What is kept of a code that was mailed to finish a sign-in is a MAC: nothing has to read it again.
ALTER TABLE sign_ins RENAME COLUMN sealed_code TO code_mac;

-- Somebody who lost every second factor asks to be let in without. One request of an account is open at a time;
-- the link in the letter about it confirms or ends it. It is worth nothing once the password or the address is
-- another one.
CREATE TABLE recoveries (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    link_hash TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    email TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    ip TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ready_at TIMESTAMP,
    decided_at TIMESTAMP,
    decided_by TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX recoveries_open ON recoveries (user_id) WHERE state IN ('asked', 'waiting');
