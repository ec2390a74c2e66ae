package registry

import (
	"context"
	"crypto/sha1" //nolint:gosec // npm's shasum is SHA-1; nothing trusts it, integrity is SHA-512
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/blob"
	"latchkey/internal/credential"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
)

const (
	// replayFor is how long a publish whose answer may have been lost can be repeated. npm repeats a
	// PUT after a 5xx or a broken connection, at most 60 s later.
	replayFor = 10 * time.Minute
	maxTags   = 100
)

// Published is the answer to a publish.
type Published struct {
	Name, Version, Rev string
	versionID          string
}

// Publish reads a publish body and makes the version public. Who may publish is decided by name,
// before the body is read, and once more in the transaction; a second factor is asked for, and is good for,
// the very version and tarball. The tarball is durable before the
// version is visible, and the version is durable before this returns.
func (s *Service) Publish(ctx context.Context, by access.Actor, name string, body io.Reader) (Published, error) {
	n, err := npm.ParseName(name)
	if err != nil {
		return Published{}, err
	}
	h, isNew, err := s.authorizePublish(ctx, nil, by, n)
	if err != nil && !errors.Is(err, access.ErrSecondFactor) { // what it is asked for is in the body
		return Published{}, err
	}
	if err := s.publishes.Take(by.UserID); err != nil {
		return Published{}, err
	}
	release, err := s.turns.take(ctx, by.UserID)
	if err != nil {
		return Published{}, err
	}
	defer release()
	draft, err := s.blobs.Create(ctx)
	if err != nil {
		return Published{}, err
	}
	defer func() { _ = draft.Close() }()
	u, err := s.receive(n, body, draft)
	if err != nil {
		return Published{}, err
	}
	if isNew {
		h.maintainers = []maintainer{{by.UserID, by.Name}}
	}
	if _, err := s.admit(ctx, s.db, by, h, u); err != nil { // before Commit, so that what is refused leaves no bytes behind
		return Published{}, err
	}
	if err := by.Covers(access.Deed{Action: access.PackagePublish, Package: n.Full, Version: u.Version, Digest: u.integrity}); err != nil {
		return Published{}, err // last, so that nobody is asked for what is refused anyhow
	}
	docs, err := s.documentsOf(ctx, by, h, u)
	if err != nil {
		return Published{}, err
	}
	if err := draft.Commit(ctx, u.blob); err != nil {
		return Published{}, err
	}
	return s.record(ctx, by, u, docs)
}

// upload is a publish body that was received and checked.
type upload struct {
	npm.Publish
	name         npm.Name
	contents     npm.Contents
	dependencies []npm.Dependency
	integrity    string
	shasum       string
	blob         string
	size         int64
}

// receive streams the body into draft, hashing on the way, and checks what arrived.
func (s *Service) receive(n npm.Name, body io.Reader, draft blob.Draft) (u upload, err error) {
	in := &intake{draft: draft, left: s.cfg.Limits.MaxTarball, strong: sha512.New(), weak: sha1.New()} //nolint:gosec // see the import
	u.name = n
	if u.Publish, err = npm.DecodePublish(n, body, in); err != nil {
		return u, err
	}
	if int64(len(u.Manifest)) > s.cfg.Limits.MaxManifest {
		return u, errs.Newf(errs.TooLarge, "registry.manifest_size", "The manifest is too large: expected at most %d bytes.", s.cfg.Limits.MaxManifest)
	}
	if u.dependencies, err = u.Dependencies(); err != nil {
		return u, err
	}
	strong := in.strong.Sum(nil)
	u.size = in.size
	u.blob = hex.EncodeToString(strong)
	u.integrity = "sha512-" + base64.StdEncoding.EncodeToString(strong)
	u.shasum = hex.EncodeToString(in.weak.Sum(nil))
	if err := u.checkSums(); err != nil {
		return u, err
	}
	r, err := draft.Reader()
	if err != nil {
		return u, err
	}
	if u.contents, err = npm.Inspect(r, u.size, s.cfg.Limits.MaxUnpacked); err != nil {
		return u, err
	}
	return u, u.contents.Agrees(n, u.Publish)
}

// checkSums compares what the client announced with what arrived.
func (u *upload) checkSums() error {
	var m struct {
		Dist struct {
			Integrity string `json:"integrity"`
			Shasum    string `json:"shasum"`
		} `json:"dist"`
	}
	if err := json.Unmarshal(u.Manifest, &m); err != nil {
		return errs.New(errs.Invalid, "registry.dist", "The manifest's dist cannot be read.").With(err)
	}
	switch {
	case u.Length != u.size:
		return errs.Newf(errs.Invalid, "registry.length", "The tarball has %d bytes, not %d as announced.", u.size, u.Length)
	case m.Dist.Integrity != "" && m.Dist.Integrity != u.integrity:
		return errs.New(errs.Invalid, "registry.integrity", "The tarball does not match its integrity: expected the SHA-512 of the attached bytes.")
	case m.Dist.Shasum != "" && m.Dist.Shasum != u.shasum:
		return errs.New(errs.Invalid, "registry.shasum", "The tarball does not match its shasum: expected the SHA-1 of the attached bytes.")
	}
	return nil
}

// intake is where the tarball's bytes go.
type intake struct {
	draft        io.Writer
	size, left   int64
	strong, weak hash.Hash
}

// Write implements io.Writer.
func (i *intake) Write(p []byte) (int, error) {
	if i.left -= int64(len(p)); i.left < 0 {
		return 0, errs.New(errs.TooLarge, "registry.tarball_size", "The tarball is larger than this registry accepts.")
	}
	i.size += int64(len(p))
	i.strong.Write(p)
	i.weak.Write(p)
	return i.draft.Write(p)
}

// record makes the version visible, with everything that belongs to it, or nothing.
func (s *Service) record(ctx context.Context, by access.Actor, u upload, docs npm.Documents) (p Published, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := credential.Holds(ctx, tx, by, s.now()); err != nil {
			return err
		}
		h, isNew, err := s.authorizePublish(ctx, tx, by, u.name)
		if err != nil {
			return err
		}
		replayed, err := s.admit(ctx, tx, by, h, u)
		if replayed != "" || err != nil {
			p = Published{u.name.Full, u.Version, h.rev, replayed}
			return err
		}
		if isNew {
			if h, err = s.create(ctx, tx, by, u); err != nil {
				return err
			}
		}
		p, err = s.add(ctx, tx, by, h, u, docs)
		return err
	})
	return p, err
}

// documentsOf signs the version and builds what is stored of its manifest.
func (s *Service) documentsOf(ctx context.Context, by access.Actor, h head, u upload) (d npm.Documents, err error) {
	keyID, signature, err := s.keys.Sign(ctx, u.name.Full, u.Version, u.integrity)
	if err != nil {
		return d, err
	}
	return u.Documents(npm.Release{
		Name: u.name, Version: u.Version, Integrity: u.integrity, Shasum: u.shasum, KeyID: keyID, Signature: signature,
		Publisher: by.Name, Maintainers: names(h.maintainers), Contents: u.contents,
	})
}

// admit says whether a package, or a new name, takes the version. It returns the version's id when this
// publish is the repetition of one whose answer was lost, and ErrVersionExists for any other that is there.
func (s *Service) admit(ctx context.Context, q db.Q, by access.Actor, h head, u upload) (replayed string, err error) {
	if h.ID == "" {
		if err := s.vacant(ctx, q, by, u.name); err != nil {
			return "", err
		}
		return "", unused(ctx, q, u.name, u.Version)
	}
	v, err := store{q}.version(ctx, h.ID, u.Version)
	if errors.Is(err, ErrVersionNotFound) {
		if h.VersionCount >= s.cfg.Limits.MaxVersions {
			return "", errTooManyVersions
		}
		if h.ManifestBytes+int64(len(u.Manifest)) > s.cfg.Limits.MaxDocument {
			return "", errDocumentSize
		}
		return "", unused(ctx, q, u.name, u.Version)
	}
	if err != nil {
		return "", err
	}
	_, answered := s.answered.Get(v.ID)
	if answered || v.Blob != u.blob || v.PublishedBy != by.UserID || s.now().Sub(v.PublishedAt) > replayFor {
		return "", errs.Newf(errs.Forbidden, ErrVersionExists.Code, "You cannot publish over the existing version %s of %s.", u.Version, u.name.Full)
	}
	return v.ID, nil
}

// Acknowledge says that the publisher got the answer, so that the version can no longer be repeated.
func (s *Service) Acknowledge(p Published) { s.answered.Set(p.versionID, true) }

func (s *Service) create(ctx context.Context, tx *db.Tx, by access.Actor, u upload) (head, error) {
	visibility := u.Access
	if visibility == "" && u.name.Scope != "" {
		visibility = s.cfg.DefaultAccess
	}
	now := s.now()
	h := head{ID: db.NewID(), Name: u.name.Full, Private: visibility == "restricted", CreatedAt: now, UpdatedAt: now}
	h.maintainers = []maintainer{{by.UserID, by.Name}}
	if err := (store{tx}).insertPackage(ctx, h, u.name.Moniker()); err != nil {
		return head{}, err
	}
	if err := (store{tx}).insertMaintainer(ctx, h.ID, by.UserID, now); err != nil {
		return head{}, err
	}
	if err := s.adopt(ctx, tx, by, h); err != nil {
		return head{}, err
	}
	return h, audit.Record(ctx, tx, now, by, audit.Entry{Event: audit.PackageCreated, Subject: subject(h.Name)})
}

// add writes the version, its documents and its tag.
func (s *Service) add(ctx context.Context, tx *db.Tx, by access.Actor, h head, u upload, docs npm.Documents) (p Published, err error) {
	now, st := s.now(), store{tx}
	// First of all, so that publishes of one package wait for each other on this row.
	if err := st.bump(ctx, h.ID, now, 1, len(docs.Full)); err != nil {
		return p, err
	}
	v := version{
		ID: db.NewID(), PackageID: h.ID, Number: h.Revision + 1, Version: u.Version, PublishedBy: by.UserID, PublishedAt: now,
		Blob: u.blob, Size: u.size, UnpackedSize: u.contents.Unpacked, FileCount: u.contents.Files,
	}
	if err := st.insertVersion(ctx, v, docs, s.cfg.Limits.ReadmeBytes); err != nil {
		return p, err
	}
	if err := st.insertDependencies(ctx, h.ID, v.ID, u.dependencies); err != nil {
		return p, err
	}
	latest := u.Tag == "latest" || h.VersionCount == 0 // npm view and npm install need a latest
	for _, tag := range tagsOf(u.Tag, latest) {
		if err := s.setTag(ctx, tx, h.ID, tag, v.ID); err != nil {
			return p, err
		}
	}
	if latest {
		if err := describeAs(ctx, tx, h.ID, docs.Head); err != nil {
			return p, err
		}
	}
	err = audit.Record(ctx, tx, now, by, audit.Entry{
		Event: audit.PackagePublished, Subject: subject(h.Name),
		Detail: map[string]string{"version": u.Version, "tag": u.Tag, "integrity": u.integrity},
	})
	return Published{h.Name, u.Version, revision(h.ID, h.Revision+1), v.ID}, err
}

func tagsOf(tag string, latest bool) []string {
	if latest && tag != "latest" {
		return []string{tag, "latest"}
	}
	return []string{tag}
}

func names(ms []maintainer) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = m.Name
	}
	return out
}

// subject names a package in the security log.
func subject(name string) string { return "package:" + name }
