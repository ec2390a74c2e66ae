package edge_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"latchkey/internal/config"
	"latchkey/internal/edge"
)

// BenchmarkChain is what every request pays before and after its handler. Its budget is a microsecond.
func BenchmarkChain(b *testing.B) {
	e := edge.New("bench", &config.Config{URL: "https://registry.example/"}, nil, map[string]string{"Referrer-Policy": "no-referrer"})
	e.GET("/:name", func(c echo.Context) error {
		_ = edge.Actor(c)
		c.Response().WriteHeader(http.StatusOK)
		return nil
	})
	plain := echo.New()
	plain.GET("/:name", func(c echo.Context) error {
		c.Response().WriteHeader(http.StatusOK)
		return nil
	})
	for name, h := range map[string]http.Handler{"with": e, "without": plain} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest(http.MethodGet, "/left-pad", nil)
			r.RemoteAddr = "203.0.113.7:51234"
			r.Header.Set("User-Agent", "npm/11.19.1 node/v24.11.0 linux x64 workspaces/false")
			w := discard{}
			for b.Loop() {
				clear(w)
				h.ServeHTTP(w, r)
			}
		})
	}
}

// discard is a response that nobody reads.
type discard http.Header

func (d discard) Header() http.Header       { return http.Header(d) }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}
