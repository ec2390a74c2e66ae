-- +goose Up

-- What a version asks for, one row for each package and range: kind is prod, dev, optional or peer. name is
-- the package that is asked for, whether it is here or not; package_id repeats the version's, so that "who
-- depends on this" is answered from one index.
CREATE TABLE dependencies (
    version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    requirement TEXT NOT NULL,
    PRIMARY KEY (version_id, name, kind, requirement)
);
CREATE INDEX dependencies_name ON dependencies (name, package_id);
CREATE INDEX dependencies_package ON dependencies (package_id);

ALTER TABLE versions ADD COLUMN deprecated TEXT NOT NULL DEFAULT '';

-- An unscoped name without what the eye passes over, by which look-alikes are found.
ALTER TABLE packages ADD COLUMN moniker TEXT NOT NULL DEFAULT '';
UPDATE packages SET moniker = REPLACE(REPLACE(REPLACE(name, '-', ''), '_', ''), '.', '') WHERE name NOT LIKE '@%';
CREATE INDEX packages_moniker ON packages (moniker);

-- Version numbers that were used and unpublished. They are never used again, whoever has the name by then.
CREATE TABLE retired_versions (
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    digest TEXT NOT NULL,
    published_by TEXT NOT NULL,
    published_at TIMESTAMP NOT NULL,
    retired_by TEXT NOT NULL,
    retired_at TIMESTAMP NOT NULL,
    PRIMARY KEY (name, version)
);

-- Names of packages that were unpublished as a whole, and until when nobody may take them.
CREATE TABLE retired_names (
    name TEXT PRIMARY KEY,
    moniker TEXT NOT NULL,
    retired_by TEXT NOT NULL,
    retired_at TIMESTAMP NOT NULL,
    held_until TIMESTAMP NOT NULL
);
CREATE INDEX retired_names_moniker ON retired_names (moniker);

-- Somebody who was asked to maintain a package and has not answered.
CREATE TABLE maintainer_invitations (
    id TEXT PRIMARY KEY,
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    invited_by TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    invited_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    UNIQUE (package_id, user_id)
);
CREATE INDEX maintainer_invitations_user ON maintainer_invitations (user_id);
CREATE INDEX maintainer_invitations_expiry ON maintainer_invitations (expires_at);

CREATE TABLE stars (
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    since TIMESTAMP NOT NULL,
    PRIMARY KEY (package_id, user_id)
);
CREATE INDEX stars_user ON stars (user_id);
