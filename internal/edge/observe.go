package edge

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// observe is around everything that an edge does with a request: it numbers it (a number sent by the
// client is not believed), sets the headers that every answer has, survives a bug in its handler, answers
// errors, and logs and counts what was sent. It is one middleware because echo wraps each of several anew
// for each request.
func observe(edge string, headers []header) echo.MiddlewareFunc {
	series := newFound(edge)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			h := c.Response().Header()
			h[echo.HeaderXRequestID] = []string{strconv.FormatUint(rand.Uint64(), 36)}
			for _, f := range headers {
				h[f.name] = f.values
			}
			if err := survive(next, c); err != nil {
				c.Error(err)
			}
			took := time.Since(start)
			series.observe(c, took)
			logRequest(c, edge, took)
			return nil
		}
	}
}

// survive turns a panic into an Internal error, with the stack for the log.
func survive(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		p := recover()
		if perr, ok := p.(error); ok && errors.Is(perr, http.ErrAbortHandler) {
			panic(p)
		}
		if p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return next(c)
}
