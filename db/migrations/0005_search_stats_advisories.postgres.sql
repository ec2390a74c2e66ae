-- +goose Up

-- What a search orders its answers by, in short rows, because a search may look at thousands of them. The SQLite file has the same
-- tables; only the full-text index differs.
CREATE TABLE search (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    package_id TEXT NOT NULL UNIQUE REFERENCES packages (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    base TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    edition BIGINT NOT NULL,
    popularity BIGINT NOT NULL DEFAULT 0
);

-- What a package is found by.
CREATE TABLE search_texts (
    number BIGINT PRIMARY KEY REFERENCES search (number) ON DELETE CASCADE,
    terms TEXT NOT NULL,
    -- Not to_tsvector: the terms are split already, and its parser reads "1e5" or "a.b" in ways of its own.
    vector TSVECTOR GENERATED ALWAYS AS (array_to_tsvector(string_to_array(terms, ' '))) STORED
);

-- Without fastupdate, because a pending list is read from end to end by every search.
CREATE INDEX search_terms ON search_texts USING gin (vector) WITH (fastupdate = off);

-- Whether a package is hidden is said here once more, because looking it up for each of thousands of matches took most of a search.
-- The database keeps it true, so that nobody who changes it can forget.
-- +goose StatementBegin
CREATE FUNCTION search_hides() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE search SET private = NEW.private WHERE package_id = NEW.id;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER packages_hidden AFTER UPDATE OF private ON packages FOR EACH ROW EXECUTE FUNCTION search_hides();

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

-- Attestations that came with a version and were verified, as the bundles that clients verify again.
CREATE TABLE attestations (
    version_id TEXT NOT NULL REFERENCES versions (id) ON DELETE CASCADE,
    predicate_type TEXT NOT NULL,
    bundle TEXT NOT NULL,
    issuer TEXT NOT NULL,
    signer TEXT NOT NULL,
    repository TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    PRIMARY KEY (version_id, predicate_type)
);
