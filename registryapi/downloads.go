package registryapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"latchkey/internal/edge"
	"latchkey/internal/stats"
)

// counts is an answer about downloads: a number or a list of days, as npm's public service forms it.
type counts struct {
	Downloads any    `json:"downloads"`
	Start     string `json:"start"`
	End       string `json:"end"`
	Package   string `json:"package,omitempty"`
}

type dayCount struct {
	Downloads int64  `json:"downloads"`
	Day       string `json:"day"`
}

// downloadPoint answers GET /downloads/point/{period}[/{pkg}[,{pkg}…]] with sums.
func (s *Server) downloadPoint(c echo.Context) error {
	return s.downloads(c, func(days []stats.Day) any { return stats.Sum(days) })
}

// downloadRange answers GET /downloads/range/{period}[/{pkg}[,{pkg}…]] with a number for each day.
func (s *Server) downloadRange(c echo.Context) error {
	return s.downloads(c, func(days []stats.Day) any {
		out := make([]dayCount, len(days))
		for i, d := range days {
			out[i] = dayCount{d.Count, d.Day}
		}
		return out
	})
}

func (s *Server) downloads(c echo.Context, form func([]stats.Day) any) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	p, err := s.Stats.ParsePeriod(c.Param("period"))
	if err != nil {
		return err
	}
	ctx, name := c.Request().Context(), edge.PackageName(c)
	switch names := strings.Split(name, ","); {
	case name == "":
		days, err := s.Stats.All(ctx, by, p)
		if err != nil {
			return err
		}
		return private(c, http.StatusOK, counts{form(days), p.Start, p.End, ""})
	case len(names) > 1: // what is not there is null, as there
		found, err := s.Stats.Bulk(ctx, by, names, p)
		if err != nil {
			return err
		}
		out := map[string]*counts{}
		for _, name := range names {
			out[name] = nil
			if days, ok := found[name]; ok {
				out[name] = &counts{form(days), p.Start, p.End, name}
			}
		}
		return private(c, http.StatusOK, out)
	}
	days, err := s.Stats.Days(ctx, by, name, p)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, counts{form(days), p.Start, p.End, name})
}

// versionDownloads answers GET /versions/{pkg}/last-week.
func (s *Server) versionDownloads(c echo.Context) error {
	by, err := s.actor(c)
	if err != nil {
		return err
	}
	name := edge.PackageName(c)
	n, err := s.Stats.Versions(c.Request().Context(), by, name)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, struct {
		Package   string           `json:"package"`
		Downloads map[string]int64 `json:"downloads"`
	}{name, n})
}
