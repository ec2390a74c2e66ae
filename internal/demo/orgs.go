package demo

import (
	"errors"
	"strings"

	"latchkey/internal/access"
	"latchkey/internal/org"
)

// organize makes an organization with a team beside the developers.
func (w *world) organize(name, owner string) error {
	if _, err := w.app.Orgs.Create(w.ctx, w.people[owner], org.NewOrg{Name: name}); err != nil {
		return err
	}
	return w.app.Orgs.CreateTeam(w.ctx, w.people[owner], name, org.Team{Name: "web", Description: "The shop and its pages.", NewPackages: org.Read})
}

// welcome invites somebody, who follows the link in the mail and accepts.
func (w *world) welcome(name, owner, person string, role org.Role) error {
	if err := w.app.Orgs.Invite(w.ctx, w.people[owner], name, org.Invite{To: person, Role: role, Teams: []string{"web"}}); err != nil {
		return err
	}
	for w.app.Jobs.Step(w.ctx) {
	}
	letters, err := w.app.Outbox.Captured(w.ctx, access.Console())
	if err != nil {
		return err
	}
	for _, l := range letters { // newest first
		_, secret, found := strings.Cut(l.Body, "/invitations/")
		if found && l.To == person+"@example.test" {
			secret, _, _ = strings.Cut(secret, "\n")
			_, err := w.app.Orgs.Accept(w.ctx, w.people[person], secret)
			return err
		}
	}
	return errors.New("the invitation of " + person + " did not arrive")
}
