-- +goose Up

-- A name's scope, without its @; empty for unscoped ones.
ALTER TABLE packages ADD COLUMN scope TEXT NOT NULL DEFAULT '';
UPDATE packages SET scope = REPLACE(REPLACE(RTRIM(name, REPLACE(name, '/', '')), '@', ''), '/', '') WHERE name LIKE '@%';
CREATE INDEX packages_scope ON packages (scope);

-- Who may read a package that is private, a row for each way: lists, counts and searches ask here. It says in SQL what
-- registry's facts say of one package: maintainers read it, but in an organization's scope only while they belong to it; its owners
-- read all; others what their teams reach.
CREATE VIEW package_readers AS
SELECT m.package_id, m.user_id FROM maintainers m JOIN packages p ON p.id = m.package_id
    LEFT JOIN orgs o ON o.name = p.scope LEFT JOIN org_members b ON b.org_id = o.id AND b.user_id = m.user_id
WHERE o.id IS NULL OR b.user_id IS NOT NULL
UNION ALL
SELECT p.id, b.user_id FROM org_members b JOIN orgs o ON o.id = b.org_id JOIN packages p ON p.scope = o.name WHERE b.role = 'owner'
UNION ALL
SELECT t.package_id, b.user_id FROM team_members b JOIN team_packages t ON t.team_id = b.team_id;

-- Whether a package's latest version is deprecated, by which searches put it last.
ALTER TABLE search ADD COLUMN deprecated BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE search SET deprecated = TRUE WHERE package_id IN
    (SELECT t.package_id FROM dist_tags t JOIN versions v ON v.id = t.version_id WHERE t.tag = 'latest' AND v.deprecated <> '');

-- Whether what a version asks for is in dependencies. Versions that were published before there was that table wait
-- for a job to read their manifests.
ALTER TABLE versions ADD COLUMN listed BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX versions_unlisted ON versions (id) WHERE listed = FALSE;
