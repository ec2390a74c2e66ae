package handlers

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/boombuler/barcode/qr"
	"github.com/labstack/echo/v4"

	"latchkey/internal/access"
	"latchkey/views"
)

const twoFactorHome = "/settings/two-factor"

// newBind is a value for one browser's state.
func newBind() string { return rand.Text() }

// script answers the page's own script. What it is told is for this browser, now.
func script(c echo.Context, json []byte) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSONBlob(http.StatusOK, json)
}

func (s *Server) twoFactorOf(c echo.Context) (page views.SettingsTwoFactor, err error) {
	by := actor(c)
	page.State, err = s.Factors.State(c.Request().Context(), by)
	page.Verified, page.Rename = by.EmailVerified, c.QueryParam("rename")
	return page, err
}

func (s *Server) twoFactorPage(c echo.Context) error {
	page, err := s.twoFactorOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) twoFactorAddOf(c echo.Context) (page views.TwoFactorAdd, err error) {
	st, err := s.Factors.State(c.Request().Context(), actor(c))
	page = views.TwoFactorAdd{First: !st.On(), KeysWork: st.KeysWork, HasApp: st.App != nil, Name: field(c, "name")}
	return page, err
}

func (s *Server) twoFactorAddPage(c echo.Context) error {
	page, err := s.twoFactorAddOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) beginKey(c echo.Context) error {
	options, err := s.Factors.BeginKey(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return script(c, options)
}

func (s *Server) finishKey(c echo.Context) error {
	needsCodes, err := s.Factors.FinishKey(c.Request().Context(), actor(c), field(c, "name"), c.Request().PostForm.Get("answer"))
	if wrong := problems(err); wrong != nil {
		page, err := s.twoFactorAddOf(c)
		if err != nil {
			return err
		}
		page.Problems = wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if needsCodes {
		return redirect(c, twoFactorHome+"/codes")
	}
	return s.flash(c, "The security key is added.", twoFactorHome)
}

func (s *Server) changeKey(c echo.Context) error {
	ctx, by, id := c.Request().Context(), actor(c), c.Param("id")
	said := ""
	var err error
	switch field(c, "act") {
	case "rename":
		said, err = "The key has a new name.", s.Factors.RenameKey(ctx, by, id, field(c, "name"))
		if wrong := problems(err); wrong != nil {
			page, err := s.twoFactorOf(c)
			if err != nil {
				return err
			}
			page.Rename, page.Problems = id, wrong
			return s.renderForm(c, page)
		}
	case "remove":
		said, err = "The key is removed. It does not work any more.", s.Factors.RemoveKey(ctx, by, id)
	case "unlock":
		said, err = "The key is unlocked.", s.Factors.UnlockKey(ctx, by, id)
	default:
		err = errForm
	}
	if err != nil {
		return err
	}
	return s.flash(c, said, twoFactorHome)
}

func (s *Server) appPage(c echo.Context) error {
	page, err := s.appOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) appOf(c echo.Context) (page views.TwoFactorApp, err error) {
	if page.Draft, err = s.Factors.AppDraft(c.Request().Context(), actor(c)); err != nil {
		return page, err
	}
	page.First = actor(c).Factor == access.NoFactor
	page.QR, err = drawn(page.Draft.URL)
	return page, err
}

func (s *Server) changeApp(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	switch field(c, "act") {
	case "begin":
		if err := s.Factors.BeginApp(ctx, by, access.AuthAndWrites); err != nil {
			return err
		}
		return redirect(c, twoFactorHome+"/app")
	case "confirm":
		return s.confirmApp(c)
	case "remove":
		if err := s.Factors.RemoveApp(ctx, by); err != nil {
			return err
		}
		return s.flash(c, "The authenticator app is removed.", twoFactorHome)
	case "unlock":
		if err := s.Factors.UnlockApp(ctx, by); err != nil {
			return err
		}
		return s.flash(c, "The authenticator app is unlocked.", twoFactorHome)
	}
	return errForm
}

func (s *Server) confirmApp(c echo.Context) error {
	needsCodes, err := s.Factors.ConfirmApp(c.Request().Context(), actor(c), field(c, "draft"), field(c, "code"))
	if wrong := problems(err); wrong != nil {
		page, err := s.appOf(c)
		if err != nil {
			return err
		}
		page.Problems = wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	if needsCodes {
		return redirect(c, twoFactorHome+"/codes")
	}
	return s.flash(c, "The authenticator app is set up.", twoFactorHome)
}

func (s *Server) codesPage(c echo.Context) error {
	draft, err := s.Factors.NewCodesOf(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	return s.render(c, views.TwoFactorCodes{Draft: draft})
}

func (s *Server) changeCodes(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	switch field(c, "act") {
	case "new":
		if err := s.Factors.NewCodes(ctx, by); err != nil {
			return err
		}
		return redirect(c, twoFactorHome+"/codes")
	case "download":
		return s.downloadCodes(c)
	case "save":
		return s.saveCodes(c)
	}
	return errForm
}

// downloadCodes sends the codes as a file. Having the file counts as having saved them.
func (s *Server) downloadCodes(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	if err := s.Factors.Downloaded(ctx, by); err != nil {
		return err
	}
	draft, err := s.Factors.NewCodesOf(ctx, by)
	if err != nil {
		return err
	}
	text := s.Config.Name + ": recovery codes of " + by.Name + "\n" + s.Config.URL + "\n\nEach works once, instead of your second factor.\n\n" +
		strings.Join(draft.Codes, "\n") + "\n"
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, `attachment; filename="recovery-codes-`+by.Name+`.txt"`)
	h.Set(echo.HeaderCacheControl, "no-store")
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

func (s *Server) saveCodes(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	turnedOn, err := s.Accounts.SaveCodes(ctx, by, field(c, "code"))
	if wrong := problems(err); wrong != nil {
		draft, err := s.Factors.NewCodesOf(ctx, by)
		if err != nil {
			return err
		}
		return s.renderForm(c, views.TwoFactorCodes{Draft: draft, Problems: wrong})
	}
	if err != nil {
		return err
	}
	if !turnedOn {
		return s.flash(c, "The new recovery codes are yours. The old ones do not work any more.", twoFactorHome)
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	if to := s.sessions.PopString(ctx, keyJoin); to != "" {
		return s.flash(c, "Two-factor authentication is on. You can accept the invitation now.", local(to))
	}
	return s.flash(c, "Two-factor authentication is on. Your other browsers are signed out. Add a second key or an app, so that losing one does not lock you out.", twoFactorHome)
}

func (s *Server) setMode(c echo.Context) error {
	err := s.Factors.SetMode(c.Request().Context(), actor(c), access.Mode(field(c, "mode")))
	if err != nil {
		return err
	}
	return s.flash(c, "Saved when your second factor is asked for.", twoFactorHome)
}

func (s *Server) twoFactorOffPage(c echo.Context) error {
	ctx, by := c.Request().Context(), actor(c)
	st, err := s.Factors.State(ctx, by)
	if err != nil {
		return err
	}
	if st.Mode == access.NoFactor {
		return redirect(c, twoFactorHome) // there is nothing to turn off
	}
	packages, err := s.Packages.Maintained(ctx, by, by.Name)
	if err != nil {
		return err
	}
	page := views.TwoFactorOff{Keys: len(st.Keys), App: st.App != nil, Codes: st.CodesLeft, Packages: len(packages)}
	of, err := s.Orgs.Of(ctx, by)
	if err != nil {
		return err
	}
	for _, m := range of {
		if m.InForce(s.Now()) {
			page.Orgs = append(page.Orgs, m.Name)
		}
	}
	return s.render(c, page)
}

func (s *Server) turnTwoFactorOff(c echo.Context) error {
	if err := s.Factors.TurnOff(c.Request().Context(), actor(c)); err != nil {
		return err
	}
	return s.flash(c, "Two-factor authentication is off. Your password alone opens your account now.", twoFactorHome)
}

// drawn draws a text as a QR code: one path, a horizontal stroke for each run of dark squares.
func drawn(text string) (views.QR, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return views.QR{}, err
	}
	const quiet = 4 // ISO/IEC 18004: the margin that readers need
	b := code.Bounds()
	var path strings.Builder
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				path.WriteString(square(x-b.Min.X+quiet, y-b.Min.Y+quiet))
			}
		}
	}
	return views.QR{Size: b.Dx() + 2*quiet, Path: path.String()}, nil
}
