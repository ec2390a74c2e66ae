-- +goose Up

-- package_readers with what an organization requires of its members: a row holds before its until, or for ever without one. Whoever
-- has not the second factor that is required is nobody to the organization from the day on at which it is, as org's standing says.
DROP VIEW package_readers;
CREATE VIEW org_readers AS
SELECT m.org_id, m.user_id, m.role, CASE WHEN o.requires = '' OR (EXISTS (SELECT 1 FROM two_factor f WHERE f.user_id = m.user_id AND f.enabled_at IS NOT NULL)
        AND (o.requires <> 'keys' OR EXISTS (SELECT 1 FROM security_keys k WHERE k.user_id = m.user_id)
            AND NOT EXISTS (SELECT 1 FROM authenticator_apps a WHERE a.user_id = m.user_id)))
    THEN NULL ELSE o.requires_from END AS until
FROM org_members m JOIN orgs o ON o.id = m.org_id;
CREATE VIEW package_readers AS
SELECT m.package_id, m.user_id, b.until FROM maintainers m JOIN packages p ON p.id = m.package_id
    LEFT JOIN orgs o ON o.name = p.scope LEFT JOIN org_readers b ON b.org_id = o.id AND b.user_id = m.user_id
WHERE o.id IS NULL OR b.user_id IS NOT NULL
UNION ALL
SELECT p.id, b.user_id, b.until FROM org_readers b JOIN orgs o ON o.id = b.org_id JOIN packages p ON p.scope = o.name WHERE b.role = 'owner'
UNION ALL
SELECT t.package_id, b.user_id, b.until FROM team_members m JOIN team_packages t ON t.team_id = m.team_id
    JOIN org_readers b ON b.org_id = m.org_id AND b.user_id = m.user_id;
