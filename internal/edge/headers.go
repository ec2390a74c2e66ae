package edge

import "net/http"

// everywhere is what browsers are told on every response of both edges.
var everywhere = map[string]string{
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Resource-Policy": "same-origin",
}

// header is a header with its values, which all responses share: it must be replaced, not appended to.
type header struct {
	name   string
	values []string
}

// securityHeaders are the headers that both edges have in common and one edge's own. A handler may still
// say otherwise. Over https, browsers are told never to come back without it.
func securityHeaders(https bool, own map[string]string) (all []header) {
	add := func(headers map[string]string) {
		for name, value := range headers {
			all = append(all, header{http.CanonicalHeaderKey(name), []string{value}})
		}
	}
	add(everywhere)
	add(own)
	if https {
		add(map[string]string{"Strict-Transport-Security": "max-age=63072000; includeSubDomains"})
	}
	return all
}
