package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) sudoPage(c echo.Context) error {
	return s.render(c, views.Sudo{Back: s.back(c)})
}

func (s *Server) confirm(c echo.Context) error {
	ctx, page := c.Request().Context(), views.Sudo{Back: s.back(c)}
	err := s.Accounts.Confirm(ctx, actor(c), password(c))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	// More may be done with this session from now on, so a value of its cookie that leaked before must not.
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Remove(ctx, keyBack)
	return redirect(c, page.Back)
}

// back is where the person was going when they were asked to confirm.
func (s *Server) back(c echo.Context) string {
	return local(s.sessions.GetString(c.Request().Context(), keyBack))
}
