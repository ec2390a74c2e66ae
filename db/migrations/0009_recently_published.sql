-- +goose Up

-- The first page lists what was published last.
CREATE INDEX versions_published ON versions (published_at);
