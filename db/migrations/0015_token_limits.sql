-- +goose Up

-- What an access token is limited to, whatever its owner may: see access.Grant. Lists are divided by blanks.
ALTER TABLE tokens ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN limited BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tokens ADD COLUMN packages TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN orgs TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN manages BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tokens ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
-- What it was used for last, as the client calls it.
ALTER TABLE tokens ADD COLUMN last_used_for TEXT NOT NULL DEFAULT '';
-- How many days before its end its owner was written to last; 0 when they were not.
ALTER TABLE tokens ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tokens_expiry ON tokens (expires_at);
