package edge

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// everywhere is what browsers are told on every response of both edges.
var everywhere = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// SecurityHeaders sets the headers that both edges have in common and one edge's own. A handler may
// still say otherwise. Over https, browsers are told never to come back without it.
func SecurityHeaders(https bool, own map[string]string) echo.MiddlewareFunc {
	type header struct {
		name  string
		value []string
	}
	var fixed []header
	add := func(headers map[string]string) {
		for name, value := range headers {
			fixed = append(fixed, header{http.CanonicalHeaderKey(name), []string{value}})
		}
	}
	add(everywhere)
	add(own)
	if https {
		add(map[string]string{"Strict-Transport-Security": "max-age=63072000; includeSubDomains"})
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			for _, f := range fixed {
				h[f.name] = f.value // shared by all responses, so it must be replaced, not appended to
			}
			return next(c)
		}
	}
}
