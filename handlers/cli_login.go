package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) cliLoginPage(c echo.Context) error {
	page, err := s.cliLoginOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) answerCLILogin(c echo.Context) error {
	page, err := s.cliLoginOf(c)
	if err != nil {
		return err
	}
	ctx, by, here := c.Request().Context(), actor(c), "/auth/login/"+page.Login.ID
	switch field(c, "answer") {
	case "deny":
		err = s.Tokens.DenyWebLogin(ctx, by, page.Login.ID)
	case "approve":
		err = s.Tokens.ApproveWebLogin(ctx, by, page.Login.ID, page.Typed)
		if page.Problems = problems(err); page.Problems != nil {
			return s.renderForm(c, page)
		}
	default:
		err = errForm
	}
	if err != nil {
		return err
	}
	return redirect(c, here)
}

func (s *Server) cliLoginOf(c echo.Context) (page views.CLILogin, err error) {
	if page.Login, err = s.Tokens.WebLogin(c.Request().Context(), actor(c), c.Param("id")); err != nil {
		return page, err
	}
	page.Code, page.Doubtful, page.Fresh = page.Login.Code, page.Login.Doubtful, page.Login.Fresh
	page.Typed = field(c, "code")
	return page, nil
}
