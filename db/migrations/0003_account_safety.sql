-- +goose Up

-- An account that its owner locked may do nothing but be recovered; one that is held is read-only for a
-- while. A reason is kept as a word.
ALTER TABLE users ADD COLUMN locked_at TIMESTAMP;
ALTER TABLE users ADD COLUMN held_until TIMESTAMP;
ALTER TABLE users ADD COLUMN held_for TEXT NOT NULL DEFAULT '';

-- By what a browser is known again, and how often its person gave a wrong password since the right one.
ALTER TABLE sessions ADD COLUMN browser_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN wrong_passwords BIGINT NOT NULL DEFAULT 0;

-- Whose log an entry is in, and with which session or token the act was done.
ALTER TABLE audit_log ADD COLUMN account_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_log ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_log ADD COLUMN token_id TEXT NOT NULL DEFAULT '';
UPDATE audit_log SET account_id = actor_id;
UPDATE audit_log SET account_id = (SELECT id FROM users WHERE 'account:' || name = audit_log.subject)
    WHERE subject IN (SELECT 'account:' || name FROM users);
CREATE INDEX audit_log_account ON audit_log (account_id, id);
