package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/config"
	"latchkey/views"
)

// recentPackages is how many packages the first page shows.
const recentPackages = 12

func (s *Server) home(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	recent, err := s.Packages.Recent(ctx, by, recentPackages)
	if err != nil {
		return err
	}
	run, err := s.Accounts.HasOperator(ctx)
	if err != nil {
		return err
	}
	return s.render(c, views.Home{Recent: recent, NoOperator: !run, ByInvite: s.Config.SignUp == config.SignUpByInvite})
}
