package handlers

import (
	"errors"

	"github.com/labstack/echo/v4"

	"latchkey/internal/account"
	"latchkey/internal/org"
	"latchkey/views"
)

func (s *Server) orgInvitationsPage(c echo.Context) error {
	page, err := s.orgInvitationsOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) orgInvitationsOf(c echo.Context) (page views.OrgInvitations, err error) {
	ctx, by := c.Request().Context(), actor(c)
	if page.OrgHead, err = s.orgHead(c); err != nil {
		return page, err
	}
	if page.Pending, err = s.Orgs.Invitations(ctx, by, page.Name); err != nil {
		return page, err
	}
	page.Teams, err = s.Orgs.Teams(ctx, by, page.Name)
	return page, err
}

func (s *Server) inviteToOrg(c echo.Context) error {
	name := c.Param("org")
	in := org.Invite{To: field(c, "to"), Role: org.Role(field(c, "role")), Teams: c.Request().PostForm["team"]}
	err := s.Orgs.Invite(c.Request().Context(), actor(c), name, in)
	if wrong := problems(err); wrong != nil {
		page, err := s.orgInvitationsOf(c)
		if err != nil {
			return err
		}
		page.To, page.Problems = in.To, wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.flash(c, "The invitation is on its way to "+in.To+".", "/org/"+name+"/invitations")
}

func (s *Server) changeInvitation(c echo.Context) error {
	ctx, by, name, id := c.Request().Context(), actor(c), c.Param("org"), c.Param("id")
	if field(c, "do") == "resend" {
		if err := s.Orgs.Resend(ctx, by, name, id); err != nil {
			return err
		}
		return s.flash(c, "The invitation is on its way again. The link in the mail before does not work any more.", "/org/"+name+"/invitations")
	}
	if err := s.Orgs.Revoke(ctx, by, name, id); err != nil {
		return err
	}
	return s.flash(c, "The invitation was taken back.", "/org/"+name+"/invitations")
}

// offerPage shows an invitation to an organization, or ErrInvitation when the secret is of none.
func (s *Server) offerPage(c echo.Context) error {
	o, err := s.Orgs.Offer(c.Request().Context(), actor(c), c.Param("token"))
	if err != nil {
		return err
	}
	return s.render(c, views.OrgOffer{Secret: c.Param("token"), Offer: o})
}

func (s *Server) answerOffer(c echo.Context) error {
	ctx, by, text := c.Request().Context(), actor(c), c.Param("token")
	if field(c, "answer") == "enrol" {
		s.sessions.Put(ctx, keyJoin, "/invitations/"+text)
		return redirect(c, twoFactorHome)
	}
	if field(c, "answer") != "accept" {
		if err := s.Orgs.Decline(ctx, by, text); err != nil {
			return err
		}
		return s.flash(c, "You declined. Nothing was changed.", "/")
	}
	name, err := s.Orgs.Accept(ctx, by, text)
	if err != nil {
		return err
	}
	return s.flash(c, "Welcome to "+name+".", "/org/"+name+"/members")
}

// noInvitation reports that a link's secret is of no invitation to make an account, so that it may be of
// one to an organization.
func noInvitation(err error) bool { return errors.Is(err, account.ErrLink) }
