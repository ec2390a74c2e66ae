-- +goose Up

-- What a search orders its answers by, in short rows, because a search may look at thousands of them. The PostgreSQL file has the same
-- tables; only the full-text index differs.
CREATE TABLE search (
    number INTEGER PRIMARY KEY,
    package_id TEXT NOT NULL UNIQUE REFERENCES packages (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    base TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    edition BIGINT NOT NULL,
    popularity BIGINT NOT NULL DEFAULT 0
);

-- What a package is found by.
CREATE TABLE search_texts (
    number INTEGER PRIMARY KEY REFERENCES search (number) ON DELETE CASCADE,
    terms TEXT NOT NULL
);

-- FTS4 and not FTS5, because the driver's default build has it. The terms are split before they come here.
CREATE VIRTUAL TABLE search_terms USING fts4 (content="search_texts", terms, tokenize=simple, matchinfo=fts3);

-- +goose StatementBegin
CREATE TRIGGER search_added AFTER INSERT ON search_texts BEGIN
    INSERT INTO search_terms (docid, terms) VALUES (new.number, new.terms);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_changes BEFORE UPDATE OF terms ON search_texts BEGIN
    DELETE FROM search_terms WHERE docid = old.number;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_changed AFTER UPDATE OF terms ON search_texts BEGIN
    INSERT INTO search_terms (docid, terms) VALUES (new.number, new.terms);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER search_goes BEFORE DELETE ON search_texts BEGIN
    DELETE FROM search_terms WHERE docid = old.number;
END;
-- +goose StatementEnd

-- Whether a package is hidden is said here once more, because looking it up for each of thousands of matches took most of a search.
-- The database keeps it true, so that nobody who changes it can forget.
-- +goose StatementBegin
CREATE TRIGGER packages_hidden AFTER UPDATE OF private ON packages BEGIN
    UPDATE search SET private = new.private WHERE package_id = new.id;
END;
-- +goose StatementEnd
