-- +goose Up

-- The chain of the security log: seq is an entry's place in it, and seal covers the entry, its place, and the
-- seal before. Both are empty until the entry is sealed.
ALTER TABLE audit_log ADD COLUMN seq BIGINT;
ALTER TABLE audit_log ADD COLUMN seal TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_log_seq ON audit_log (seq);
CREATE INDEX audit_log_unsealed ON audit_log (id) WHERE seq IS NULL;
