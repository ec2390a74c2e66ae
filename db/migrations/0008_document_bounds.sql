-- +goose Up

-- How large a package's full document is, as far as its versions make it: what a publish may not exceed,
-- and what assembling one will take.
ALTER TABLE packages ADD COLUMN manifest_bytes BIGINT NOT NULL DEFAULT 0;
UPDATE packages SET manifest_bytes = (SELECT COALESCE(SUM(octet_length(m.body)), 0)
    FROM versions v JOIN manifests m ON m.version_id = v.id WHERE v.package_id = packages.id);
