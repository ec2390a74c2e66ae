package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// gate bounds the connections of a listener and how long one may take what it is sent. A full house
// lets in the next by closing whoever has been idle longest; when nobody is idle, the next is turned
// away at once, so that accepting never stops.
type gate struct {
	*net.TCPListener
	most  int
	stall time.Duration

	mu   sync.Mutex
	open map[*guest]struct{}
}

func newGate(l *net.TCPListener, most int, stall time.Duration) *gate {
	return &gate{TCPListener: l, most: most, stall: stall, open: map[*guest]struct{}{}}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.AcceptTCP()
		if err != nil {
			return nil, err
		}
		in := &guest{TCPConn: c, gate: g}
		if g.admit(in) {
			return in, nil
		}
		_ = c.Close()
	}
}

func (g *gate) admit(in *guest) bool {
	g.mu.Lock()
	var out *guest
	full := len(g.open) >= g.most
	if full {
		out = g.longestIdle()
	}
	if full && out == nil {
		g.mu.Unlock()
		return false
	}
	g.open[in] = struct{}{}
	g.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return true
}

func (g *gate) longestIdle() (out *guest) {
	for c := range g.open {
		if since := c.idle.Load(); since != 0 && (out == nil || since < out.idle.Load()) {
			out = c
		}
	}
	return out
}

// watch is the server's ConnState hook. It runs twice a request.
func (g *gate) watch(c net.Conn, s http.ConnState) {
	in, ok := c.(*guest)
	if !ok {
		return
	}
	if s == http.StateIdle {
		in.idle.Store(time.Now().UnixNano())
	} else {
		in.idle.Store(0)
	}
}

// guest is a connection. Being a TCPConn, it lets the kernel send files.
type guest struct {
	*net.TCPConn
	gate *gate
	idle atomic.Int64 // since when, 0 while it is busy
}

// piece is how much may be sent within one stall.
const piece = 512 << 10

// Write implements io.Writer, with a deadline for each piece.
func (c *guest) Write(b []byte) (n int, err error) {
	for {
		part := b[n:min(n+piece, len(b))]
		if err := c.hurry(); err != nil {
			return n, err
		}
		m, err := c.TCPConn.Write(part)
		n += m
		if err != nil || n == len(b) {
			return n, err
		}
	}
}

// ReadFrom implements io.ReaderFrom. The kernel copies a file to the connection piece by piece, so
// that the deadline is for a piece and a large tarball may take its time.
func (c *guest) ReadFrom(r io.Reader) (n int64, err error) {
	left := int64(1<<63 - 1)
	if l, ok := r.(*io.LimitedReader); ok { // the kernel sees through one of these, not through two
		r, left = l.R, l.N
		defer func() { l.N -= n }()
	}
	for left > 0 {
		if err := c.hurry(); err != nil {
			return n, err
		}
		part := &io.LimitedReader{R: r, N: min(piece, left)}
		want := part.N
		m, err := c.TCPConn.ReadFrom(part)
		n += m
		left -= m
		if err != nil || m < want {
			return n, err
		}
	}
	return n, nil
}

func (c *guest) hurry() error {
	if c.gate.stall <= 0 {
		return nil
	}
	return c.SetWriteDeadline(time.Now().Add(c.gate.stall))
}

// Close implements net.Conn.
func (c *guest) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.open, c)
	c.gate.mu.Unlock()
	return c.TCPConn.Close()
}
