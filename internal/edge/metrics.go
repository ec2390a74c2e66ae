package edge

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var (
	requests = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "latchkey_requests_total", Help: "Requests answered, by edge, method, route and status.",
	}, []string{"edge", "method", "route", "status"})
	durations = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name: "latchkey_request_seconds", Help: "Time to answer, by edge and route.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
	}, []string{"edge", "route"})
)

// series are a route's metrics, looked up once: finding them by their labels costs more than many a
// request. Routes and statuses are the program's own, and methods that it does not know share one
// label, so that nobody can make new series by asking for something new.
type series struct {
	count prometheus.Counter
	time  prometheus.Observer
}

type seriesKey struct {
	method, route string
	status        int
}

// Metrics counts and times requests.
func Metrics(name string) echo.MiddlewareFunc {
	var known sync.Map
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			err := next(c)
			if err != nil {
				c.Error(err)
			}
			key := seriesKey{knownMethod(c.Request().Method), c.Path(), c.Response().Status}
			s, ok := known.Load(key)
			if !ok {
				route := key.route
				if route == "" || route == "/*" {
					route = "none"
				}
				s, _ = known.LoadOrStore(key, &series{
					requests.WithLabelValues(name, key.method, route, strconv.Itoa(key.status)), durations.WithLabelValues(name, route),
				})
			}
			s.(*series).count.Inc()
			s.(*series).time.Observe(time.Since(start).Seconds())
			return nil
		}
	}
}

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
		return m
	}
	return "other"
}

// MetricsHandler serves what was counted. It belongs on a listener of its own.
func MetricsHandler() http.Handler { return promhttp.Handler() }
