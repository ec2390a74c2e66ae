package edge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"latchkey/internal/errs"
)

var errSlow = errs.New(errs.Timeout, "edge.slow", "The request's body came too slowly. Try again on a better connection.")

// slowest is how many bytes a second a transfer must bring beyond its grace.
const slowest = 16 << 10

// drain is how long the rest of a body that nobody wants may take to come. The server reads it before it
// sends the answer, so that the connection can be used again.
const drain = 5 * time.Second

// Pace cuts off requests whose body stops or trickles: it may take grace, and a second more for every
// 16 KiB that came. A connection that sends a byte now and then would otherwise be kept for ever, and so
// would one that announces a body for a handler that reads none: Pace must be around all of them.
func Pace(grace time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 || grace <= 0 {
			next.ServeHTTP(w, r)
			return
		}
		p := &paced{ReadCloser: r.Body, conn: http.NewResponseController(w), begun: time.Now(), grace: grace}
		if err := p.until(p.begun.Add(grace)); err != nil {
			return
		}
		r.Body = p
		next.ServeHTTP(w, r)
		if !p.ended {
			_ = p.until(time.Now().Add(min(drain, grace)))
		}
	})
}

type paced struct {
	io.ReadCloser
	conn     *http.ResponseController
	begun    time.Time
	grace    time.Duration
	got      int64
	deadline time.Time
	ended    bool // nothing more is to be read
}

// until bounds the reading. Only a recorder in a test cannot be bounded.
func (p *paced) until(due time.Time) error {
	p.deadline = due
	if err := p.conn.SetReadDeadline(due); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	due := p.begun.Add(p.grace + time.Duration(p.got)*time.Second/slowest)
	if due.Sub(p.deadline) > p.grace/10 { // not at each read: a timer costs as much as a small one
		if err := p.until(due); err != nil {
			return 0, err
		}
	}
	n, err := p.ReadCloser.Read(b)
	p.got += int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, errSlow.With(err)
	}
	if err != nil {
		p.ended = true
		_ = p.until(time.Time{}) // or the answer, which may take longer, would be cut
	}
	return n, err
}
