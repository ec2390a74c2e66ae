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
