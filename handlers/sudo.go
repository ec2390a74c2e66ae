package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/internal/account"
	"latchkey/views"
)

func (s *Server) sudoOf(c echo.Context) (page views.Sudo, err error) {
	by := actor(c)
	page.Back, page.Factor = s.back(c), by.Factor != access.NoFactor
	if page.Factor {
		page.Ways, err = s.Factors.WaysOf(c.Request().Context(), by.UserID)
	}
	return page, err
}

func (s *Server) sudoPage(c echo.Context) error {
	page, err := s.sudoOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) beginSudo(c echo.Context) error { return s.ceremony(c, account.ConfirmAt(actor(c))) }

func (s *Server) confirm(c echo.Context) error {
	page, err := s.sudoOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if page.Factor {
		err = s.Accounts.ConfirmWith(ctx, actor(c), answerOf(c))
	} else {
		err = s.Accounts.Confirm(ctx, actor(c), password(c))
	}
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
