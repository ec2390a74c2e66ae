package db

import "github.com/google/uuid"

// NewID returns the id of a new row: a UUIDv7, which sorts by time. It is an address, not a secret.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
