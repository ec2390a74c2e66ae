-- +goose Up

CREATE TABLE packages (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    private BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,
    version_count BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX packages_updated ON packages (updated_at);

CREATE TABLE maintainers (
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id),
    since TIMESTAMP NOT NULL,
    PRIMARY KEY (package_id, user_id)
);
CREATE INDEX maintainers_user ON maintainers (user_id);

-- A version's facts, and what of it a document shows. Numbered in the order of publication.
CREATE TABLE versions (
    id TEXT PRIMARY KEY,
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    version TEXT NOT NULL,
    published_by TEXT NOT NULL REFERENCES users (id),
    published_at TIMESTAMP NOT NULL,
    blob TEXT NOT NULL,
    size BIGINT NOT NULL,
    unpacked_size BIGINT NOT NULL,
    file_count BIGINT NOT NULL,
    abbreviated TEXT NOT NULL,
    UNIQUE (package_id, version),
    UNIQUE (package_id, number)
);
CREATE INDEX versions_blob ON versions (blob);

-- The full manifest of a version, as the bytes that are served; apart from the facts, because it is
-- large and the abbreviated document does not need it.
CREATE TABLE manifests (
    version_id TEXT PRIMARY KEY REFERENCES versions (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    head TEXT NOT NULL
);

CREATE TABLE readmes (
    version_id TEXT PRIMARY KEY REFERENCES versions (id) ON DELETE CASCADE,
    filename TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE dist_tags (
    package_id TEXT NOT NULL REFERENCES packages (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    version_id TEXT NOT NULL REFERENCES versions (id),
    PRIMARY KEY (package_id, tag)
);
