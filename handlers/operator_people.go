package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

// peoplePerPage is how many accounts one page lists.
const peoplePerPage = 50

func (s *Server) peoplePage(c echo.Context) error {
	page, err := s.peopleOf(c)
	if err != nil {
		return err
	}
	return s.render(c, page)
}

func (s *Server) invite(c echo.Context) error {
	email := field(c, "email")
	err := s.Accounts.Invite(c.Request().Context(), actor(c), email)
	if wrong := problems(err); wrong != nil {
		page, err := s.peopleOf(c)
		if err != nil {
			return err
		}
		page.Email, page.Problems = email, wrong
		return s.renderForm(c, page)
	}
	if err != nil {
		return err
	}
	return s.done(c, "The invitation is on its way to "+email+".", "/operator/people", s.peoplePage)
}

func (s *Server) peopleOf(c echo.Context) (views.OperatorPeople, error) {
	after := c.QueryParam("after")
	people, err := s.Accounts.People(c.Request().Context(), actor(c), after, peoplePerPage+1)
	page := views.OperatorPeople{People: people, First: after == ""}
	if len(people) > peoplePerPage {
		page.People = people[:peoplePerPage]
		page.Next = people[peoplePerPage-1].Name
	}
	return page, err
}
