-- +goose Up

-- Downloads of a package on a day (UTC, 2026-11-24), for ever.
CREATE TABLE downloads (
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (package_id, day)
);
CREATE INDEX downloads_day ON downloads (day);

-- Downloads of a version on a day, for the last days only.
CREATE TABLE version_downloads (
    version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (version_id, day)
);
CREATE INDEX version_downloads_day ON version_downloads (day);

-- Advisories as npm audit shows them, named by their OSV id.
CREATE TABLE advisories (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    details TEXT NOT NULL,
    severity TEXT NOT NULL,
    url TEXT NOT NULL,
    cwes TEXT NOT NULL,
    vector TEXT NOT NULL,
    published_at TIMESTAMP NOT NULL,
    modified_at TIMESTAMP NOT NULL
);

CREATE TABLE advisory_packages (
    name TEXT NOT NULL,
    advisory_id TEXT NOT NULL REFERENCES advisories (id) ON DELETE CASCADE,
    vulnerable TEXT NOT NULL,
    patched TEXT NOT NULL,
    PRIMARY KEY (name, advisory_id)
);
CREATE INDEX advisory_packages_advisory ON advisory_packages (advisory_id);
