package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) helpNpm(c echo.Context) error { return s.render(c, views.HelpNpm{}) }
