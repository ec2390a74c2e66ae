package main

import (
	"container/list"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"latchkey/internal/limit"
)

// gate bounds the connections of a listener, those of one network, and how long one may take what it is
// sent. A full house lets in the next by closing whoever has been idle longest, which includes those who
// never asked for anything; when nobody is idle, the next is turned away at once, so that accepting
// never stops.
type gate struct {
	*net.TCPListener
	most, share int // connections in all, and of one network
	trusted     []netip.Prefix
	stall       time.Duration

	mu   sync.Mutex
	open int
	idle list.List // of *guest, the longest first
	from map[string]*party
}

// party is the connections of one network. One network's own idle ones make room within its share, so
// that many silent ones harm nobody but those who share their network.
type party struct {
	network string
	open    int
	idle    list.List
}

// newGate lets in at most so many connections, and of each network a quarter of them. Behind a trusted
// proxy is everybody, so those have no share.
func newGate(l *net.TCPListener, most int, stall time.Duration, trusted []netip.Prefix) *gate {
	return &gate{TCPListener: l, most: most, share: max(1, most/4), trusted: trusted, stall: stall, from: map[string]*party{}}
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.AcceptTCP()
		if err != nil {
			return nil, err
		}
		in := &guest{TCPConn: c, gate: g}
		if g.admit(in, c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()) {
			return in, nil
		}
		_ = c.Close()
	}
}

func (g *gate) admit(in *guest, ip netip.Addr) bool {
	g.mu.Lock()
	p := g.party(ip)
	var crowd *list.List // where somebody must leave
	switch {
	case p.network != "" && p.open >= g.share:
		crowd = &p.idle
	case g.open >= g.most:
		crowd = &g.idle
	}
	var out *guest
	if crowd != nil {
		if crowd.Len() == 0 {
			g.mu.Unlock()
			return false
		}
		out = crowd.Front().Value.(*guest)
		g.remove(out)
	}
	in.party = p
	p.open++
	g.open++
	g.from[p.network] = p
	g.rest(in)
	g.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return true
}

// party finds the network of an address. All trusted proxies are one of no name.
func (g *gate) party(ip netip.Addr) *party {
	network := limit.Network(ip)
	if slices.ContainsFunc(g.trusted, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		network = ""
	}
	if p, ok := g.from[network]; ok {
		return p
	}
	return &party{network: network}
}

// watch is the server's ConnState hook. It runs twice a request.
func (g *gate) watch(c net.Conn, s http.ConnState) {
	in, ok := c.(*guest)
	if !ok || s != http.StateIdle && s != http.StateActive {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stir(in)
	if s == http.StateIdle && in.party != nil {
		g.rest(in)
	}
}

// rest and stir say that a guest is idle from now on, and no longer. The caller holds the lock.
func (g *gate) rest(in *guest) {
	in.idle, in.idleOf = g.idle.PushBack(in), in.party.idle.PushBack(in)
}

func (g *gate) stir(in *guest) {
	if in.idle != nil {
		g.idle.Remove(in.idle)
		in.party.idle.Remove(in.idleOf)
		in.idle, in.idleOf = nil, nil
	}
}

// remove counts a guest as gone, once. The caller holds the lock.
func (g *gate) remove(in *guest) {
	if in.party == nil {
		return
	}
	g.stir(in)
	g.open--
	if in.party.open--; in.party.open == 0 {
		delete(g.from, in.party.network)
	}
	in.party = nil
}

// guest is a connection. Being a TCPConn, it lets the kernel send files.
type guest struct {
	*net.TCPConn
	gate  *gate
	party *party // nil when it has left

	idle, idleOf *list.Element // its places among the idle ones, nil while it is busy
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
	c.gate.remove(c)
	c.gate.mu.Unlock()
	return c.TCPConn.Close()
}
