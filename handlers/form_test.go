package handlers

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/internal/edge"
)

// A form whose body stops, or breaks off, is answered with a page; no client can fill the log with errors.
func TestFormThatStopsIsAnsweredWithAPageAndNoErrorInTheLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	p := newPortal(t)
	srv := httptest.NewServer(edge.Pace(300*time.Millisecond, p.server.Handler()))
	for _, r := range []struct {
		name, body string
		breakOff   bool
		want       string
	}{
		{name: "stops", body: "login=ann", want: "HTTP/1.1 408 "},
		{name: "stops at once", want: "HTTP/1.1 408 "},
		{name: "breaks off", body: "login=ann", breakOff: true, want: "HTTP/1.1 422 "},
	} {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		if _, err := fmt.Fprintf(c, "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n%s", r.body); err != nil {
			t.Fatal(err)
		}
		if r.breakOff {
			_ = c.(*net.TCPConn).CloseWrite()
		}
		answer, err := io.ReadAll(c)
		if err != nil || !strings.HasPrefix(string(answer), r.want) || !strings.Contains(string(answer), "</html>") {
			t.Errorf("%s: %.80s, %v", r.name, answer, err)
		}
		_ = c.Close()
	}
	srv.Close()
	if s := log.String(); strings.Contains(s, "ERROR") || strings.Contains(s, "canceled") || !strings.Contains(s, "status=408") {
		t.Errorf("log:\n%s", s)
	}
}
