package search_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/db"
	"latchkey/db/dbtest"
	"latchkey/internal/access"
	"latchkey/internal/search"
)

const (
	many = 20_000
)

// vocabulary is made up of syllables: a few words are everywhere and most are rare, as in any language.
var vocabulary = func() (out []string) {
	syllables := strings.Fields("ab ac ba be bo ca ce co da de do el en er fa fi fo ga ge gi ha he hi in is ja jo ka ko la le li lo ma me mi mo na ne no or pa pe po ra re ri ro sa se si so ta te ti to un va ve vi wa we xi ya ze")
	for i := range 6000 {
		out = append(out, syllables[i%len(syllables)]+syllables[i*7/3%len(syllables)]+syllables[i/len(syllables)%len(syllables)])
	}
	return out
}()

// word is one of the vocabulary, the nth being n times rarer than the first (Zipf's law).
func word(r *rand.Rand) string {
	return vocabulary[int(math.Pow(float64(len(vocabulary)), r.Float64()))-1]
}

// crowd fills a registry with packages whose names and descriptions share words the way those of real ones
// do; one in five is private, and one word is in all of them.
func crowd(t testing.TB, d *db.DB, s *search.Service) {
	t.Helper()
	ctx := t.Context()
	now, r := time.Now(), rand.New(rand.NewPCG(1, 1))
	err := d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		exec := func(query string, args ...any) {
			t.Helper()
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				t.Fatal(err)
			}
		}
		exec(`INSERT INTO names (name, kind, created_at) VALUES ('ann', 'user', ?)`, now)
		exec(`INSERT INTO users (id, name, email, email_key, password_hash, password_changed_at, created_at, updated_at) VALUES ('u', 'ann', '', '', '', ?, ?, ?)`, now, now, now)
		const rows = 100
		for from := 0; from < many; from += rows {
			var ps, vs, ms, ts, hs []string
			var pa, va, ma []any
			for i := from; i < from+rows; i++ {
				id := fmt.Sprint("p", i)
				name := fmt.Sprintf("%s-%s-%d", word(r), word(r), i)
				if i%3 == 0 {
					name = fmt.Sprintf("@%s/%s-%d", word(r), word(r), i)
				}
				head := fmt.Sprintf(`{"description":"A %s %s library for the %s of %s and %s %s","keywords":["%s","%s"],"author":"Ann"}`,
					word(r), word(r), word(r), word(r), word(r), word(r), word(r), word(r))
				ps, pa = append(ps, "(?, ?, '', ?, 1, 1, ?, ?)"), append(pa, id, name, i%5 == 0, now, now)
				vs, va = append(vs, "(?, ?, 1, '1.0.0', 'u', ?, '', 1, 1, 1, '')"), append(va, id, id, now)
				ms, ma = append(ms, "(?, '', ?)"), append(ma, id, head)
				ts, hs = append(ts, fmt.Sprintf("('%s', 'latest', '%s')", id, id)), append(hs, fmt.Sprintf("('%s', 'u', '2026-01-01 00:00:00')", id))
			}
			exec(`INSERT INTO packages (id, name, description, private, revision, version_count, created_at, updated_at) VALUES `+strings.Join(ps, ","), pa...)
			exec(`INSERT INTO versions (id, package_id, number, version, published_by, published_at, blob, size, unpacked_size, file_count, abbreviated) VALUES `+strings.Join(vs, ","), va...)
			exec(`INSERT INTO manifests (version_id, body, head) VALUES `+strings.Join(ms, ","), ma...)
			exec(`INSERT INTO dist_tags (package_id, tag, version_id) VALUES ` + strings.Join(ts, ","))
			exec(`INSERT INTO maintainers (package_id, user_id, since) VALUES ` + strings.Join(hs, ","))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := s.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	t.Log("indexed in", time.Since(started))
}

// questions are what people type: words, the beginnings of words, names, and the word that is everywhere.
func questions() (out []string) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 100 {
		out = append(out, word(r), word(r)[:2], word(r)+" "+word(r), word(r)+"-"+word(r), "keywords:"+word(r)+" "+word(r))
	}
	return append(out, "library", "a", "scope:"+vocabulary[3], "")
}

// BenchmarkSearch asks them all; what a question costs is the best of three, because the machine may be
// busy with something else.
func BenchmarkSearch(b *testing.B) {
	for name, place := range map[string]func(testing.TB) dbtest.Place{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			d := place(b).Open(b)
			s := newService(b, d)
			crowd(b, d, s)
			var all []time.Duration
			for b.Loop() {
				all = all[:0]
				for _, q := range questions() {
					best := time.Hour
					for range 3 {
						started := time.Now()
						if _, err := s.Search(b.Context(), access.Actor{}, search.Query{Text: q, Size: 20}); err != nil {
							b.Fatal(q, err)
						}
						best = min(best, time.Since(started))
					}
					all = append(all, best)
				}
			}
			slices.Sort(all)
			b.ReportMetric(all[len(all)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(all[len(all)*99/100].Seconds()*1000, "p99-ms")
			b.ReportMetric(all[len(all)-1].Seconds()*1000, "longest-ms")
		})
	}
}
