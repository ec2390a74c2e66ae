package handlers

import (
	"strconv"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/twofactor"
	"latchkey/views"
)

func square(x, y int) string { return "M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z" }

func (s *Server) questionOf(c echo.Context) (page views.Confirm, err error) {
	ctx, by := c.Request().Context(), actor(c)
	if page.Question, err = s.Factors.Question(ctx, by, c.Param("id")); err != nil {
		return page, err
	}
	page.Program = account.Device(page.Question.Agent)
	page.SameNetwork = account.Near(page.Question.IP, by.Address()) || page.Question.IP == by.Address()
	page.Ways, err = s.Factors.WaysOf(ctx, by.UserID)
	return page, err
}

func (s *Server) questionPage(c echo.Context) error {
	page, err := s.questionOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) beginAnswer(c echo.Context) error {
	if _, err := s.Factors.Question(c.Request().Context(), actor(c), c.Param("id")); err != nil {
		return err
	}
	return s.ceremony(c, twofactor.ApprovalPlace(actor(c), c.Param("id")))
}

func (s *Server) answerQuestion(c echo.Context) error {
	page, err := s.questionOf(c)
	if err != nil {
		return err
	}
	ctx, by, id := c.Request().Context(), actor(c), page.Question.ID
	if act := field(c, "act"); act == "deny" || act == "revoke" {
		if err := s.Factors.Deny(ctx, by, id); err != nil {
			return err
		}
		if act == "revoke" {
			if _, err := s.Tokens.RevokeHeld(ctx, by, by.Name, page.Question.TokenID); err != nil {
				return err
			}
		}
		return redirect(c, "/auth/confirm/"+id)
	}
	page.Cover = field(c, "cover")
	code, err := s.Factors.Approve(ctx, by, id, answerOf(c), twofactor.Cover(page.Cover))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if code == "" {
		return redirect(c, "/auth/confirm/"+id)
	}
	page.Question.State, page.Code = twofactor.Approved, code
	return s.render(c, page)
}
