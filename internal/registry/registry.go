// Package registry holds packages: who may read and change them, how a version is published, and the
// documents that clients install from.
package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/blob"
	"latchkey/internal/cache"
	"latchkey/internal/config"
	"latchkey/internal/errs"
	"latchkey/internal/limit"
	"latchkey/internal/npm"
	"latchkey/internal/org"
	"latchkey/internal/outbox"
	"latchkey/internal/signing"
)

// What callers may test for.
var (
	ErrNotFound        = errs.New(errs.NotFound, "registry.not_found", "Not found")
	ErrVersionExists   = errs.New(errs.Forbidden, "registry.version_exists", "You cannot publish over an existing version.")
	ErrVersionNotFound = errs.New(errs.NotFound, "registry.version_not_found", "There is no such version.")
	ErrTagNotFound     = errs.New(errs.NotFound, "registry.tag_not_found", "There is no such tag.")
	ErrLatest          = errs.New(errs.Invalid, "registry.latest", "The tag latest cannot be removed: set it to another version instead.")
	ErrBusy            = errs.New(errs.Unavailable, "registry.busy", "Many packages are being published just now. Try again in a moment.")
	errTooManyVersions = errs.New(errs.Forbidden, "registry.version_limit", "This package has as many versions as this registry allows. Ask its operator for more.")
	errDocumentSize    = errs.New(errs.Forbidden, "registry.document_size", "The manifests of this package's versions are together as large as this registry allows. Ask its operator for more.")
	errTooManyTags     = errs.New(errs.Invalid, "registry.tag_limit", "This package has as many tags as are allowed.")
)

// errScope answers for a name under somebody else's scope, whether a hidden package has it or none.
func errScope(n npm.Name) error {
	return errs.Newf(errs.NotFound, "registry.scope", "Not found: there is no package %s that you may publish, because the scope @%s is not yours.", n.Full, n.Scope)
}

const (
	headFacts    = 50_000 // packages whose facts are remembered between writes
	tarballFacts = 50_000
)

// Service is the door to packages.
type Service struct {
	db        *db.DB
	now       func() time.Time
	blobs     blob.Store
	keys      *signing.Service
	limits    *limit.Service
	out       *outbox.Service
	cfg       *config.Config
	publishes *limit.Memory
	changes   *limit.Memory
	turns     *turns
	heads     *db.Cache[string, head]
	standings *db.Cache[standingKey, org.Held]
	tarballs  *db.Cache[string, tarball]
	ready     cache.Cache[readyKey, *ready]
	assembly  *semaphore.Weighted // in bytes of manifests
	answered  cache.Cache[string, bool]
	look      *looks
	tag       string // of this registry's address, in ETags
}

// New returns the service.
func New(d *db.DB, now func() time.Time, blobs blob.Store, keys *signing.Service, limits *limit.Service, out *outbox.Service, cfg *config.Config) *Service {
	sum := sha256.Sum256([]byte(cfg.RegistryURL))
	return &Service{
		db: d, now: now, blobs: blobs, keys: keys, limits: limits, out: out, cfg: cfg,
		publishes: limit.NewMemory(cfg.Limits.PublishRate, now),
		changes:   limit.NewMemory(cfg.Limits.PublishRate, now),
		turns:     newTurns(cfg.Limits.PublishesAtOnce),
		heads:     db.NewCache[string, head](d, headFacts),
		standings: db.NewCache[standingKey, org.Held](d, standingFacts),
		tarballs:  db.NewCache[string, tarball](d, tarballFacts),
		ready:     newReady(cfg.Limits.CacheBytes),
		assembly:  semaphore.NewWeighted(2 * cfg.Limits.MaxDocument),
		answered:  cache.NewExpiring[string, bool](100_000, replayFor),
		look:      newLooks(),
		tag:       hex.EncodeToString(sum[:3]),
	}
}

// head is what every request needs to know of a package.
type head struct {
	ID, Name, Description string
	Private               bool
	Revision              int64
	VersionCount          int64
	ManifestBytes         int64 // of all versions together
	CreatedAt, UpdatedAt  time.Time
	maintainers           []maintainer
	rev                   string
	absent                bool // remembered as not being there
}

type maintainer struct{ UserID, Name string }

// load reads a package's facts.
func load(ctx context.Context, q db.Q, name string) (head, error) {
	h, err := store{q}.head(ctx, name)
	if err != nil {
		return head{}, err
	}
	h.maintainers, err = store{q}.maintainers(ctx, h.ID)
	h.rev = revision(h.ID, h.Revision)
	return h, err
}

// loadOrAbsent is load for what is remembered: absence too, or one could tell by the time of the answer a
// package that is hidden from one that is not there.
func (s *Service) loadOrAbsent(ctx context.Context, name string) (head, error) {
	h, err := load(ctx, s.db, name)
	if errors.Is(err, ErrNotFound) {
		return head{absent: true}, nil
	}
	return h, err
}

// revision is npm's _rev. It changes with every write and is not the same for a package that was
// removed and made again.
func revision(id string, n int64) string {
	number := strconv.FormatInt(n, 10)
	sum := sha256.Sum256([]byte(id + " " + number))
	return number + "-" + hex.EncodeToString(sum[:8])
}

// authorize loads a package that must exist and asks access. On the pool it uses what is remembered;
// in a transaction it reads again, because rights may have changed while a body came in.
func (s *Service) authorize(ctx context.Context, tx *db.Tx, by access.Actor, act access.Action, name string) (head, error) {
	var h head
	var err error
	if tx != nil {
		h, err = load(ctx, tx, name)
	} else {
		h, err = s.heads.Get(ctx, name, func(ctx context.Context) (head, error) { return s.loadOrAbsent(ctx, name) })
	}
	if err == nil && h.absent {
		err = ErrNotFound
	}
	if err != nil {
		return head{}, err
	}
	f, err := s.facts(ctx, tx, by, act, h)
	if err != nil {
		return head{}, err
	}
	if err := access.Check(by, act, f, s.now()); err != nil {
		return h, err // which a publish looks at before it asks for a second factor
	}
	return h, nil
}

// facts says what the actor is to the package by itself. Maintainers own it; a public one may be read by
// all.
func (h head) facts(by access.Actor) access.Facts {
	f := access.Facts{Hidden: h.Private, Standing: access.Reader, Package: h.Name}
	if h.Private {
		f.Standing = access.None
	}
	if by.UserID != "" && slices.ContainsFunc(h.maintainers, func(m maintainer) bool { return m.UserID == by.UserID }) {
		f.Standing = access.Owner
	}
	return f
}

// authorizePublish is authorize for a name that may be new: an unscoped name is anybody's who comes
// first, and a scope belongs to the person or to the organization of that name.
func (s *Service) authorizePublish(ctx context.Context, tx *db.Tx, by access.Actor, n npm.Name) (h head, isNew bool, err error) {
	h, err = s.authorize(ctx, tx, by, access.PackagePublish, n.Full)
	if !errors.Is(err, ErrNotFound) && !errors.Is(err, access.ErrHidden) {
		return h, false, err
	}
	hidden := errors.Is(err, access.ErrHidden)
	f, err := s.mayCreate(ctx, tx, by, n.Scope)
	if err != nil {
		return head{}, true, err
	}
	f.Package = n.Full
	if hidden {
		f.Standing = access.None
	}
	err = access.Check(by, access.PackagePublish, f, s.now())
	if errors.Is(err, access.ErrForbidden) {
		err = errScope(n)
	}
	return head{}, true, err
}
