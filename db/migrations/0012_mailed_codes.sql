-- +goose Up

-- What is kept of a code that was mailed to finish a sign-in is a MAC: nothing has to read it again.
ALTER TABLE sign_ins RENAME COLUMN sealed_code TO code_mac;
