package edge

import (
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
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

// found holds the series seen so far. It is copied when one is added, which ends soon, so that
// looking one up needs neither lock nor memory.
type found struct {
	edge  string
	mu    sync.Mutex
	known atomic.Pointer[map[seriesKey]series]
}

func newFound(edge string) *found {
	f := &found{edge: edge}
	f.known.Store(&map[seriesKey]series{})
	return f
}

func (f *found) get(k seriesKey) series {
	if s, ok := (*f.known.Load())[k]; ok {
		return s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	route := k.route
	if route == "" || route == "/*" {
		route = "none"
	}
	s := series{
		requests.WithLabelValues(f.edge, k.method, route, strconv.Itoa(k.status)), durations.WithLabelValues(f.edge, route),
	}
	more := maps.Clone(*f.known.Load())
	more[k] = s
	f.known.Store(&more)
	return s
}

// observe counts and times a request, by the status that was sent.
func (f *found) observe(c echo.Context, took time.Duration) {
	s := f.get(seriesKey{knownMethod(c.Request().Method), c.Path(), c.Response().Status})
	s.count.Inc()
	s.time.Observe(took.Seconds())
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
