-- +goose Up

-- An organization owns the scope of its name, which it shares with nobody (see names).
CREATE TABLE orgs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE REFERENCES names (name),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- Who belongs to it: as owner, admin or member. A person is not removed from under it by the database,
-- because the last owner must stay.
CREATE TABLE org_members (
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    joined_at TIMESTAMP NOT NULL,
    PRIMARY KEY (org_id, user_id)
);

CREATE INDEX org_members_user ON org_members (user_id);

-- A team reaches packages: reads or writes them. new_packages is what it may do with those that are
-- published from now on: read, write, or nothing.
CREATE TABLE teams (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    new_packages TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    UNIQUE (org_id, name)
);

-- Whoever leaves the organization leaves its teams.
CREATE TABLE team_members (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    org_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES org_members (org_id, user_id) ON DELETE CASCADE
);

CREATE INDEX team_members_user ON team_members (org_id, user_id);

CREATE TABLE team_packages (
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (package_id, team_id)
);

CREATE INDEX team_packages_team ON team_packages (team_id);

-- Invitations are bound to an account, or to an address that its reader must have verified. Whoever
-- deletes the row has used it. invited_by is nobody when the operator invited at the console.
CREATE TABLE org_invitations (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    role TEXT NOT NULL,
    invited_by TEXT REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

CREATE UNIQUE INDEX org_invitations_user ON org_invitations (org_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX org_invitations_email ON org_invitations (org_id, email_key) WHERE user_id IS NULL;
CREATE INDEX org_invitations_expiry ON org_invitations (expires_at);

CREATE TABLE org_invitation_teams (
    invitation_id TEXT NOT NULL REFERENCES org_invitations (id) ON DELETE CASCADE,
    team_id TEXT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    PRIMARY KEY (invitation_id, team_id)
);
