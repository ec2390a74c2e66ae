package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// behind serves h through a gate and returns its address.
func behind(t *testing.T, most int, stall time.Duration, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(l.(*net.TCPListener), most, stall)
	s := &http.Server{Handler: h, ConnState: g.watch, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(g) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

// client is a connection that asks and keeps standing.
type client struct {
	net.Conn
	*bufio.Reader
}

func connect(t *testing.T, address string) *client {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return &client{c, bufio.NewReader(c)}
}

func (c *client) ask() error {
	if _, err := io.WriteString(c.Conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
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
	address := behind(t, 3, time.Second, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
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

func TestFullHouseOfBusyGuestsTurnsTheNextAway(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	address := behind(t, 2, time.Second, func(w http.ResponseWriter, _ *http.Request) { entered <- struct{}{}; <-hold })
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
