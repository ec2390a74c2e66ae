package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/twofactor"
	"latchkey/views"
)

// owe keeps the secret of an unfinished sign-in in the browser's state, and asks for the second factor. The
// secret gives no rights, and the row it leads to is used once.
func (s *Server) owe(c echo.Context, session account.Session, next string) error {
	ctx := c.Request().Context()
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, keyPending, session.Pending)
	s.sessions.Put(ctx, keyBack, next)
	if session.ByMail {
		return redirect(c, "/login/code")
	}
	return redirect(c, "/login/factor")
}

// pending is the unfinished sign-in of the browser.
func (s *Server) pending(c echo.Context) (secret string, p account.Pending, err error) {
	ctx := c.Request().Context()
	secret = s.sessions.GetString(ctx, keyPending)
	p, err = s.Accounts.Pending(ctx, actor(c), secret)
	return secret, p, err
}

func (s *Server) loginFactorPage(c echo.Context) error {
	_, p, err := s.pending(c)
	if err != nil {
		return err
	}
	if p.ByMail {
		return redirect(c, "/login/code")
	}
	return s.render(c, views.LoginFactor{Name: p.Name, Ways: p.Ways})
}

func (s *Server) beginLoginFactor(c echo.Context) error {
	_, p, err := s.pending(c)
	if err != nil {
		return err
	}
	return s.ceremony(c, p.At)
}

func (s *Server) loginFactor(c echo.Context) error {
	secret, p, err := s.pending(c)
	if err != nil {
		return err
	}
	page := views.LoginFactor{Name: p.Name, Ways: p.Ways}
	session, err := s.finish(c, secret, answerOf(c))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "", s.back(c))
}

func (s *Server) loginCodePage(c echo.Context) error {
	_, p, err := s.pending(c)
	if err != nil {
		return err
	}
	return s.render(c, views.LoginCode{Name: p.Name, Mailed: p.Mailed})
}

func (s *Server) loginCode(c echo.Context) error {
	secret, p, err := s.pending(c)
	if err != nil {
		return err
	}
	page := views.LoginCode{Name: p.Name, Mailed: p.Mailed}
	session, err := s.finish(c, secret, twofactor.Answer{Code: field(c, "code")})
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "", s.back(c))
}

func (s *Server) finish(c echo.Context, secret string, a twofactor.Answer) (account.Session, error) {
	return s.Accounts.FinishSignIn(c.Request().Context(), actor(c), secret, a)
}

func (s *Server) loginRecoveryPage(c echo.Context) error {
	_, p, err := s.pending(c)
	if err != nil {
		return err
	}
	return s.render(c, views.LoginRecovery{Name: p.Name})
}

func (s *Server) loginRecovery(c echo.Context) error {
	secret, p, err := s.pending(c)
	if err != nil {
		return err
	}
	page := views.LoginRecovery{Name: p.Name}
	session, err := s.finish(c, secret, twofactor.Answer{Code: field(c, "code")})
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "You are in, with a recovery code. Add a new factor now, so that you need no other code.", "/settings/two-factor")
}

// beginPasskey asks for a passkey before anybody said who they are. The challenge belongs to a value that
// only this browser's state has.
func (s *Server) beginPasskey(c echo.Context) error {
	ctx := c.Request().Context()
	bind := s.sessions.GetString(ctx, keyPasskey)
	if bind == "" {
		bind = newBind()
		s.sessions.Put(ctx, keyPasskey, bind)
	}
	return s.ceremony(c, account.EnterAt(bind))
}

func (s *Server) passkey(c echo.Context) error {
	ctx, page := c.Request().Context(), views.Login{Next: local(field(c, "next")), Keys: s.Factors.KeysWork()}
	session, err := s.Accounts.Enter(ctx, actor(c), s.sessions.GetString(ctx, keyPasskey), c.Request().PostForm.Get("answer"))
	if page.Problems = problems(err); page.Problems != nil {
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.begin(c, session, "", page.Next)
}

// answerOf is what a form says to prove somebody: what their key answered, or a code.
func answerOf(c echo.Context) twofactor.Answer {
	if key := c.Request().PostForm.Get("answer"); key != "" {
		return twofactor.Answer{Key: key}
	}
	if code := field(c, "recovery"); code != "" {
		return twofactor.Answer{Code: code}
	}
	return twofactor.Answer{Code: field(c, "code")}
}

// ceremony answers the page's script with what a key has to sign at a place.
func (s *Server) ceremony(c echo.Context, at twofactor.Place) error {
	options, err := s.Factors.Begin(c.Request().Context(), actor(c), at)
	if err != nil {
		return err
	}
	return script(c, options)
}
