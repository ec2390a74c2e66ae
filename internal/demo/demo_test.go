package demo_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/internal/access"
	"latchkey/internal/app"
	"latchkey/internal/config"
	"latchkey/internal/demo"
)

func TestDemonstrationIsAYearOfUse(t *testing.T) {
	ctx := t.Context()
	cfg, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = t.TempDir()
	now := time.Now().Truncate(time.Second)
	s, err := demo.Fill(ctx, cfg, now)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(ctx, cfg, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	session, err := a.Accounts.SignIn(ctx, access.Actor{}, s.Name, s.Password)
	if err != nil {
		t.Fatalf("the visitor cannot sign in: %v", err)
	}
	if !session.User.Operator || !session.User.EmailVerified {
		t.Errorf("the visitor does not run the installation: %+v", session.User)
	}
	by := access.Actor{UserID: session.User.ID, Name: s.Name, Via: access.ViaBrowser, EmailVerified: true}
	private := 0
	for _, name := range s.Packages {
		p, err := a.Packages.Page(ctx, by, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.PublishedAt.After(now) || now.Sub(p.PublishedAt) > 366*24*time.Hour {
			t.Errorf("%s was published at %s", name, p.PublishedAt)
		}
		if p.Private {
			private++
		}
		if name == "left-align" && (p.VersionCount < 30 || len(p.Tags) < 3 || !strings.Contains(p.Readme, "```")) {
			t.Errorf("%s has %d versions, tags %v and the readme %q", name, p.VersionCount, p.Tags, p.Readme)
		}
	}
	if private != 1 || len(s.Packages) < 10 {
		t.Errorf("%d packages, %d of them private", len(s.Packages), private)
	}
	for _, name := range s.People {
		if _, err := a.Accounts.Person(ctx, access.Actor{}, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	mails, err := a.Outbox.Captured(t.Context(), access.Console())
	if err != nil || len(mails) < 3 {
		t.Errorf("%d letters, %v", len(mails), err)
	}
}
