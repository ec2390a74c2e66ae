package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// behind serves h through a gate and returns its address.
func behind(t *testing.T, most int, stall time.Duration, h http.HandlerFunc, trusted ...netip.Prefix) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(l.(*net.TCPListener), most, stall, trusted)
	s := &http.Server{Handler: h, ConnState: g.watch, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(g) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

// loopback is everybody in these tests: where it is trusted, one network has no share.
var loopback = netip.MustParsePrefix("127.0.0.0/8")

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// client is a connection that asks and keeps standing.
type client struct {
	net.Conn
	*bufio.Reader
}

func connect(t *testing.T, address string) *client { return connectFrom(t, "127.0.0.1", address) }

// connectFrom comes from another address of the loopback network.
func connectFrom(t *testing.T, ip, address string) *client {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &client{c, bufio.NewReader(c)}
}

func (c *client) ask() error { return c.get("/") }

func (c *client) get(path string) error {
	if _, err := fmt.Fprintf(c.Conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		return err
	}
	r, err := http.ReadResponse(c.Reader, nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}

func TestFullHouseLetsGoOfWhoeverIsIdleLongest(t *testing.T) {
	address := behind(t, 3, time.Second, hello, loopback)
	var in []*client
	for range 3 {
		c := connect(t, address)
		if err := c.ask(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
		in = append(in, c)
	}
	if err := in[0].ask(); err != nil { // now the second has been idle longest
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	if err := connect(t, address).ask(); err != nil {
		t.Errorf("the fourth was turned away: %v", err)
	}
	for i, want := range []bool{true, false, true} {
		if err := in[i].ask(); (err == nil) != want {
			t.Errorf("connection %d: %v", i, err)
		}
	}
}

// Connections that never say anything would otherwise keep everybody else out for the price of opening
// them.
func TestFullHouseLetsGoOfWhoeverNeverSaidAnything(t *testing.T) {
	address := behind(t, 3, time.Second, hello, loopback)
	for range 10 {
		connect(t, address)
	}
	for range 3 {
		if err := connect(t, address).ask(); err != nil {
			t.Errorf("turned away by the silent: %v", err)
		}
	}
}

func TestOneNetworkHasAQuarterOfTheHouse(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 8)
	address := behind(t, 8, time.Second, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			entered <- struct{}{}
			<-hold
		}
		hello(w, r)
	})
	first := connect(t, address)
	if err := first.ask(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	busy := connect(t, address)
	go func() { done <- busy.get("/busy") }()
	<-entered
	if err := connect(t, address).ask(); err != nil { // its own idle one makes room
		t.Errorf("the third of a network: %v", err)
	}
	if err := first.ask(); err == nil {
		t.Error("the network has more than its share")
	}
	for range 4 {
		connect(t, address)
	}
	if err := connectFrom(t, "127.0.0.2", address).ask(); err != nil {
		t.Errorf("another network: %v", err)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Errorf("the busy one was cut: %v", err)
	}
}

// What was counted is given back, whoever closes.
func TestGateForgetsWhoHasLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(l.(*net.TCPListener), 4, time.Second, nil)
	s := &http.Server{Handler: http.HandlerFunc(hello), ConnState: g.watch, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan error, 1)
	go func() { served <- s.Serve(g) }()
	for i := range 20 {
		ask := func() (*client, error) {
			c := connectFrom(t, fmt.Sprintf("127.0.0.%d", 1+i%5), l.Addr().String())
			return c, c.ask()
		}
		c, err := ask()
		// The server may not have noticed yet that those before are idle, or gone, and then turns the next away.
		for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); time.Sleep(time.Millisecond) {
			c, err = ask()
		}
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_ = c.Close()
		}
	}
	_ = s.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		open, idle, from := g.open, g.idle.Len(), len(g.from)
		g.mu.Unlock()
		if open == 0 && idle == 0 && from == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d open, %d idle, %d networks", open, idle, from)
		}
	}
}

func TestFullHouseOfBusyGuestsTurnsTheNextAway(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	address := behind(t, 2, time.Second, func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-hold }, loopback)
	done := make(chan error, 2)
	for range 2 {
		c := connect(t, address)
		go func() { done <- c.ask() }()
		<-entered
	}
	begun := time.Now()
	if err := connect(t, address).ask(); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("the third: %v after %v", err, time.Since(begun))
	}
	close(hold)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := connect(t, address).ask(); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

func TestLargeFilesComeWholeAndAReaderThatStopsIsCut(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB, more than the kernel buffers
	file := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	address := behind(t, 10, 3*time.Second, func(w http.ResponseWriter, r *http.Request) {
		var err error
		defer func() { ended <- err }()
		f, err := os.Open(file)
		if err != nil {
			return
		}
		defer func() { _ = f.Close() }()
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		switch r.URL.Path {
		case "/file":
			_, err = io.Copy(w, f)
		case "/part":
			_, err = io.CopyN(w, f, int64(len(content)))
		default:
			_, err = w.Write(content)
		}
	})
	for _, path := range []string{"/file", "/part", "/bytes"} {
		r, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", path, err)
		}

		c := connect(t, address)
		if _, err := fmt.Fprintf(c.Conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		select {
		case err := <-ended:
			if err == nil {
				t.Errorf("%s: nobody read, and everything was sent", path)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: still waiting after %v", path, time.Since(begun))
		}
	}
}
