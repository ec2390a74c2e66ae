package handlers

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"latchkey/views"
	"latchkey/views/ui"
)

const (
	codeLength = 6               // how much of the address is compared with the terminal's
	promptly   = 3 * time.Minute // a request that waited longer may be somebody else's
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
		if page.Doubtful && !strings.EqualFold(page.Typed, page.Code) {
			page.Problems = ui.Problems{"code": "The address in your terminal must end with these six characters. If it does not, say no."}
			return s.renderForm(c, page)
		}
		err = s.Tokens.ApproveWebLogin(ctx, by, page.Login.ID)
	default:
		err = errForm
	}
	if err != nil {
		return err
	}
	return redirect(c, here)
}

func (s *Server) cliLoginOf(c echo.Context) (page views.CLILogin, err error) {
	by := actor(c)
	if page.Login, err = s.Tokens.WebLogin(c.Request().Context(), by, c.Param("id")); err != nil {
		return page, err
	}
	id := page.Login.ID
	page.Code = id[max(0, len(id)-codeLength):]
	page.Typed = field(c, "code")
	page.Doubtful = !page.Login.SameNetwork || s.Now().Sub(page.Login.Created) > promptly
	page.Fresh = s.Now().Before(by.SudoUntil)
	return page, nil
}
