-- +goose Up

-- The name of a member stands beside the membership, so that a page of members is read from one index.
ALTER TABLE org_members ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE org_members SET name = (SELECT u.name FROM users u WHERE u.id = org_members.user_id);
CREATE INDEX org_members_name ON org_members (org_id, name);

-- Which second factor members must have ('', any, keys) and from when; whether tokens for machines may not
-- change its packages; and which reminder went out last, in days before.
ALTER TABLE orgs ADD COLUMN requires TEXT NOT NULL DEFAULT '';
ALTER TABLE orgs ADD COLUMN requires_from TIMESTAMP;
ALTER TABLE orgs ADD COLUMN people_only BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE orgs ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;

-- Who was removed for having no second factor, and what they were: an owner may restore it for a while.
CREATE TABLE org_removals (
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    teams TEXT NOT NULL,
    removed_at TIMESTAMP NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX org_removals_time ON org_removals (removed_at);

-- The organization whose log an entry is in, by its name, which nobody else ever gets.
ALTER TABLE audit_log ADD COLUMN org TEXT NOT NULL DEFAULT '';
UPDATE audit_log SET org = SUBSTR(subject, 5) WHERE subject LIKE 'org:%';
UPDATE audit_log SET org = COALESCE((SELECT o.name FROM orgs o WHERE audit_log.subject LIKE 'package:@' || o.name || '/%'), '')
    WHERE subject LIKE 'package:@%';
CREATE INDEX audit_log_org ON audit_log (org, id);
