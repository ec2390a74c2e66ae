package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) lostPage(c echo.Context) error {
	_, p, err := s.pending(c)
	if err != nil {
		return err
	}
	return s.render(c, views.LoginLost{Name: p.Name, Mailed: p.Mailed})
}

func (s *Server) askRecovery(c echo.Context) error {
	secret, p, err := s.pending(c)
	if err != nil {
		return err
	}
	page := views.LoginLost{Name: p.Name, Mailed: p.Mailed, Reason: field(c, "reason")}
	err = s.Accounts.AskRecovery(c.Request().Context(), actor(c), secret, page.Reason)
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "Your request is made. Look into your mail now, and confirm it there.", "/login")
}

func (s *Server) recoveryPage(c echo.Context) error {
	name, state, err := s.Accounts.RecoveryLink(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return s.render(c, views.Recovery{Secret: c.Param("token"), Name: name, State: state})
}

func (s *Server) answerRecovery(c echo.Context) error {
	mine := field(c, "answer") == "mine"
	if !mine && field(c, "answer") != "not-mine" {
		return errForm
	}
	if err := s.Accounts.AnswerRecovery(c.Request().Context(), actor(c), c.Param("token"), mine); err != nil {
		return err
	}
	if mine {
		return redirect(c, "/recovery/"+c.Param("token"))
	}
	return s.flash(c, "The request is over. Choose a new password now: somebody else knows the one you have.", "/password/forgot")
}

func (s *Server) recoveriesPage(c echo.Context) error {
	all, err := s.Accounts.Recoveries(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.OperatorRecoveries{Recoveries: all})
}

func (s *Server) decideRecovery(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), field(c, "name")
	said := "Denied. " + name + " was told."
	var err error
	switch field(c, "act") {
	case "approve":
		said, err = "The second factor of "+name+" is off, and the account is read-only for three days. "+name+" was told.", s.Accounts.ApproveRecovery(ctx, by, name)
	case "deny":
		err = s.Accounts.DenyRecovery(ctx, by, name)
	default:
		err = errForm
	}
	if err != nil {
		return err
	}
	return s.flash(c, said, "/operator/recoveries")
}
