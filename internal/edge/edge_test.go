package edge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/internal/config"
	"latchkey/internal/edge"
	"latchkey/internal/errs"
)

// server is an edge with a few routes that go well and badly.
func server(name string, trusted ...netip.Prefix) *echo.Echo {
	onError := func(err error, c echo.Context) {
		if c.Response().Committed {
			return
		}
		if errs.Of(err).Kind == errs.Internal {
			edge.LogError(c, err)
		}
		_ = c.String(http.StatusInternalServerError, errs.Of(err).Msg+" "+edge.ID(c))
	}
	cfg := &config.Config{URL: "https://registry.example/", TrustedProxies: trusted}
	e := edge.New(name, cfg, onError, map[string]string{"Referrer-Policy": "no-referrer"})
	ok := func(c echo.Context) error { return c.String(http.StatusOK, edge.Actor(c).IP.String()) }
	e.GET("/:name", ok)
	e.GET("/:name/versions", ok) // a last parameter would take the rest of any path
	e.GET("/a/:b/*", ok)
	e.POST("/:name", ok)
	e.GET("/panic", func(echo.Context) error { panic("a secret detail") })
	e.GET("/abort", func(echo.Context) error { panic(http.ErrAbortHandler) })
	e.GET("/slow", func(c echo.Context) error { return fmt.Errorf("read: %w", c.Request().Context().Err()) })
	e.GET("/broken", func(echo.Context) error { return errors.New("a secret detail") })
	e.RouteNotFound("/*", func(c echo.Context) error { return c.NoContent(http.StatusNotFound) })
	return e
}

// capture sends the log to a buffer for a test.
func capture(t *testing.T, level slog.Level) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

func do(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = "203.0.113.7:4711"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "RemoteAddr" {
			r.RemoteAddr = header[i+1]
		} else {
			r.Header.Add(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestClientAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name    string
		trusted []netip.Prefix
		peer    string
		xff     []string
		want    string
	}{
		{"direct", nil, "203.0.113.7:1", nil, "203.0.113.7"},
		{"direct, IPv6", nil, "[2001:db8::1]:1", nil, "2001:db8::1"},
		{"direct, IPv4 in IPv6", nil, "[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		{"direct, zone", nil, "[fe80::1%eth0]:1", nil, "fe80::1"},
		{"nobody is trusted", nil, "10.0.0.1:1", []string{"198.51.100.9"}, "10.0.0.1"},
		{"loopback is not trusted by itself", proxies, "127.0.0.1:1", []string{"198.51.100.9"}, "127.0.0.1"},
		{"peer is no proxy", proxies, "203.0.113.7:1", []string{"198.51.100.9"}, "203.0.113.7"},
		{"one proxy", proxies, "10.0.0.1:1", []string{"198.51.100.9"}, "198.51.100.9"},
		{"what the client wrote comes first", proxies, "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.9"}, "198.51.100.9"},
		{"two proxies, two headers", proxies, "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.9", "10.0.0.2"}, "198.51.100.9"},
		{"proxy over IPv6", proxies, "[fd00::1]:1", []string{"2001:db8::9"}, "2001:db8::9"},
		{"rubbish", proxies, "10.0.0.1:1", []string{"<script>"}, "10.0.0.1"},
		{"proxy without header", proxies, "10.0.0.1:1", nil, "10.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := []string{"RemoteAddr", c.peer}
			for _, v := range c.xff {
				header = append(header, "X-Forwarded-For", v)
			}
			if got := do(server("ip", c.trusted...), http.MethodGet, "/x", header...).Body.String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSuccessfulReadsAreLoggedAtDebugOnly(t *testing.T) {
	for _, c := range []struct {
		level        slog.Level
		method, path string
		want         string
	}{
		{slog.LevelInfo, http.MethodGet, "/left-pad", ""},
		{slog.LevelDebug, http.MethodGet, "/left-pad", "level=DEBUG"},
		{slog.LevelInfo, http.MethodPost, "/left-pad", "level=INFO"},
		{slog.LevelInfo, http.MethodGet, "/x/y/z", "level=INFO"},
		{slog.LevelInfo, http.MethodGet, "/broken", "level=ERROR"},
	} {
		log := capture(t, c.level)
		w := do(server("log"), c.method, c.path, "User-Agent", "npm/11")
		if (log.Len() == 0) != (c.want == "") || !strings.Contains(log.String(), c.want) {
			t.Errorf("%s %s at %v: %q", c.method, c.path, c.level, log.String())
		}
		id := w.Header().Get("X-Request-Id")
		if len(id) < 8 || c.want != "" && !strings.Contains(log.String(), id) {
			t.Errorf("number %q is not in %q", id, log.String())
		}
	}
}

// Whoever goes away before the answer is no error of ours, whatever stopped because of it.
func TestClientThatWentAwayIsNoError(t *testing.T) {
	log := capture(t, slog.LevelDebug)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	e := server("gone")
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/slow", nil).WithContext(ctx))
	if w.Code != 499 || w.Body.Len() > 0 || strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), "status=499") {
		t.Errorf("%d %q, log %s", w.Code, w.Body, log)
	}
	log.Reset()
	c := e.NewContext(httptest.NewRequest(http.MethodGet, "/slow", nil), httptest.NewRecorder())
	edge.LogError(c, fmt.Errorf("half a page: %w", context.Canceled))
	if strings.Contains(log.String(), "ERROR") || !strings.Contains(log.String(), "half a page") {
		t.Errorf("log %s", log)
	}
}

func TestLogHoldsNoSecretAndOneLinePerRequest(t *testing.T) {
	const secret = "5ecret5ecret"
	token := "npm_lk" + strings.Repeat("0aZ", 12)[:34]
	log := capture(t, slog.LevelDebug)
	e := server("secrets")
	for _, path := range []string{
		"/-/user/token/" + secret, "/verify/" + secret, "/password/reset/" + secret, "/setup/" + secret, "/invitations/" + secret,
		"/auth/login/" + secret, "/-/v1/done?sessionId=" + secret, "/x?token=" + secret, "/" + token, "/a/" + token + "/b", "/-/user/token/" + token,
	} {
		do(e, http.MethodGet, path, "Authorization", "Bearer "+secret, "Cookie", "session="+secret)
	}
	if s := log.String(); strings.Contains(s, secret) || strings.Contains(s, token[6:]) || strings.Count(s, "\n") != 11 {
		t.Errorf("log:\n%s", s)
	}
	log.Reset()
	do(e, http.MethodGet, "/x%0alevel=ERROR%1b%5b31m", "User-Agent", "a\u2028b\x1b[2J\u202e")
	if s := log.String(); strings.Count(s, "\n") != 1 || strings.ContainsAny(s, "\x1b\u2028\u202e") {
		t.Errorf("forged: %q", s)
	}
	log.Reset()
	do(e, http.MethodPost, "/"+strings.Repeat("x", 5000))
	if log.Len() > 1500 {
		t.Errorf("a long path makes a line of %d bytes", log.Len())
	}
}

func TestNumberSentByTheClientIsNotBelieved(t *testing.T) {
	w := do(server("id"), http.MethodGet, "/x", "X-Request-Id", "mine")
	if got := w.Header().Values("X-Request-Id"); len(got) != 1 || got[0] == "mine" {
		t.Errorf("%q", got)
	}
}

func TestPanicIsAnAnswerAndItsStackStaysInTheLog(t *testing.T) {
	log := capture(t, slog.LevelInfo)
	srv := httptest.NewServer(server("panic"))
	defer srv.Close()
	for _, path := range []string{"/panic", "/broken"} {
		r, err := http.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		id := r.Header.Get("X-Request-Id")
		if err != nil || r.StatusCode != http.StatusInternalServerError || strings.Contains(string(b), "secret detail") || !strings.Contains(string(b), id) {
			t.Errorf("%s: %d %q", path, r.StatusCode, b)
		}
		if s := log.String(); !strings.Contains(s, "a secret detail") || !strings.Contains(s, id) {
			t.Errorf("%s: log %q", path, s)
		}
		log.Reset()
	}
	if r, err := http.Get(srv.URL + "/abort"); err == nil {
		_ = r.Body.Close()
		t.Errorf("an aborted answer was completed: %d", r.StatusCode)
	}
}

func TestHeadersAreOnEveryAnswer(t *testing.T) {
	for _, path := range []string{"/x", "/panic", "/not/there"} {
		h := do(server("headers"), http.MethodGet, path).Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Server": "", "X-Powered-By": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s = %q", path, name, got)
			}
		}
	}
	plain := edge.New("plain", &config.Config{URL: "http://registry.example/"}, nil, nil)
	plain.GET("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	if h := do(plain, http.MethodGet, "/").Header(); h.Get("Strict-Transport-Security") != "" {
		t.Error("a plain server asked for https")
	}
}

// Nobody can make series by asking for something new: labels are the program's own words.
func TestMetricsAreBounded(t *testing.T) {
	e := server("bounded")
	do(e, http.MethodGet, "/x")
	do(e, http.MethodGet, "/broken")
	do(e, http.MethodGet, "/not/there")
	do(e, "FOO", "/x")
	series := func() int {
		return strings.Count(do(edge.MetricsHandler(), http.MethodGet, "/metrics").Body.String(), "\nlatchkey_request")
	}
	before := series()
	for i := range 200 {
		do(e, http.MethodGet, fmt.Sprint("/package-", i))
		do(e, http.MethodGet, fmt.Sprint("/not/there/", i))
		do(e, fmt.Sprint("METHOD", i), "/x")
	}
	if after := series(); after != before || before == 0 {
		t.Errorf("%d series became %d", before, after)
	}
	page := do(edge.MetricsHandler(), http.MethodGet, "/metrics").Body.String()
	for _, line := range []string{
		`latchkey_requests_total{edge="bounded",method="GET",route="/:name",status="200"} 201`,
		`latchkey_requests_total{edge="bounded",method="GET",route="/broken",status="500"} 1`,
		`latchkey_requests_total{edge="bounded",method="GET",route="none",status="404"} 201`,
		`latchkey_requests_total{edge="bounded",method="other",route=`,
		`latchkey_request_seconds_count{edge="bounded",route="/:name"}`,
		"go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("%s is not in\n%s", line, page)
		}
	}
}

func TestRoutesAreListedOnceByPath(t *testing.T) {
	got := edge.Routes(server("routes"))
	want := []string{"GET /:name", "POST /:name", "GET /:name/versions", "GET /a/:b/*", "GET /abort", "GET /broken", "GET /panic", "GET /slow"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestBodyThatTricklesIsCutAndOneThatFlowsIsNot(t *testing.T) {
	const grace = 200 * time.Millisecond
	got := make(chan error, 1)
	srv := httptest.NewServer(edge.Pace(grace, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		got <- err
		if err == nil {
			time.Sleep(2 * grace) // the answer may take longer than the body
		}
	})))
	defer srv.Close()
	send := func(length int, body io.Reader) error {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := fmt.Fprintf(c, "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", length); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(c, body) }()
		err = <-got
		if err == nil {
			if status, rerr := io.ReadAll(io.LimitReader(c, 15)); rerr != nil || string(status) != "HTTP/1.1 200 OK" {
				t.Errorf("answer %q, %v", status, rerr)
			}
		}
		return err
	}
	if err := send(5, strings.NewReader("hello")); err != nil {
		t.Errorf("a small body: %v", err)
	}
	if err := send(100_000, &drip{step: 10_000, every: 60 * time.Millisecond, left: 100_000}); err != nil {
		t.Errorf("a slow but steady body: %v", err)
	}
	if err := send(100_000, &drip{step: 10, every: 30 * time.Millisecond, left: 100_000}); errs.Of(err).Code != "edge.slow" {
		t.Errorf("a trickle: %v", err)
	}
	if err := send(10, strings.NewReader("hello")); errs.Of(err).Code != "edge.slow" {
		t.Errorf("a body that stops: %v", err)
	}
}

// drip is a slow sender.
type drip struct {
	step, left int
	every      time.Duration
}

func (d *drip) Read(p []byte) (int, error) {
	time.Sleep(d.every)
	n := min(d.step, d.left, len(p))
	d.left -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestBodyThatNobodyReadsDoesNotHoldTheConnection(t *testing.T) {
	srv := httptest.NewServer(edge.Pace(100*time.Millisecond, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
	})))
	defer srv.Close()
	for _, announced := range []string{"Content-Length: 10", "Transfer-Encoding: chunked"} {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := fmt.Fprintf(c, "PUT / HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", announced); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, err := io.ReadAll(c) // ends when the server closes
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404") {
			t.Errorf("%s: %q, %v", announced, answer, err)
		}
	}
}
