package registry

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"latchkey/db"
	"latchkey/internal/access"
	"latchkey/internal/audit"
	"latchkey/internal/errs"
	"latchkey/internal/npm"
	"latchkey/internal/search"
)

// maxDeprecation is how long a deprecation message may be, in bytes. Every install prints it.
const maxDeprecation = 1024

// Deprecate sets the deprecation messages of versions; "" takes one back. Versions that the package does
// not have are passed over, and so are messages that are there already. rev must be the package's
// revision, as npm deprecate sends back a whole document that it read before.
func (s *Service) Deprecate(ctx context.Context, by access.Actor, name, rev string, messages map[string]string) error {
	return s.change(ctx, by, access.PackageDeprecate, name, func(ctx context.Context, tx *db.Tx, h head) error {
		if err := h.at(rev); err != nil {
			return err
		}
		return s.deprecate(ctx, tx, by, h, messages)
	})
}

// DeprecateRange sets one deprecation message for the versions in a range, prereleases included as npm
// deprecate does it; "" takes it back. It returns how many versions are in the range.
func (s *Service) DeprecateRange(ctx context.Context, by access.Actor, name, text, message string) (n int, err error) {
	within, err := npm.ParseRange(text)
	if err != nil {
		return 0, errs.Field("range", "Expected a version or a range, such as 1.2.3, 1.x, <2.0.0 or *.")
	}
	err = s.change(ctx, by, access.PackageDeprecate, name, func(ctx context.Context, tx *db.Tx, h head) error {
		now, err := store{tx}.deprecations(ctx, h.ID)
		if err != nil {
			return err
		}
		messages := map[string]string{}
		for v := range now {
			if within.Has(v) {
				messages[v] = message
			}
		}
		if n = len(messages); n == 0 {
			return errs.Field("range", "No version of this package is in that range.")
		}
		return s.deprecate(ctx, tx, by, h, messages)
	})
	return n, err
}

func (s *Service) deprecate(ctx context.Context, tx *db.Tx, by access.Actor, h head, messages map[string]string) error {
	now, err := store{tx}.deprecations(ctx, h.ID)
	if err != nil {
		return err
	}
	byMessage := map[string][]string{}
	for v, is := range now {
		message, listed := messages[v]
		if len(message) > maxDeprecation {
			return errs.Field("message", "The message is too long: expected at most "+strconv.Itoa(maxDeprecation)+" bytes.")
		}
		if message = npm.Storable(message, maxDeprecation); listed && message != is {
			byMessage[message] = append(byMessage[message], v)
		}
	}
	if len(byMessage) == 0 {
		return nil
	}
	for _, message := range slices.Sorted(maps.Keys(byMessage)) {
		versions := slices.Sorted(slices.Values(byMessage[message]))
		if err := (store{tx}).deprecate(ctx, h.ID, versions, message); err != nil {
			return err
		}
		e := audit.Entry{Event: audit.PackageDeprecated, Subject: subject(h.Name), Detail: map[string]string{"versions": some(versions), "message": message}}
		if message == "" {
			e.Event = audit.PackageUndeprecated
		}
		if err := audit.Record(ctx, tx, s.now(), by, e); err != nil {
			return err
		}
	}
	if err := search.Rank(ctx, tx, h.ID); err != nil {
		return err
	}
	return store{tx}.bump(ctx, h.ID, s.now(), 0, 0)
}

// some names the first of many, for the log.
func some(list []string) string {
	const most = 20
	text := ""
	for i, v := range list[:min(len(list), most)] {
		if i > 0 {
			text += " "
		}
		text += v
	}
	if len(list) > most {
		text += " and " + strconv.Itoa(len(list)-most) + " more"
	}
	return text
}
