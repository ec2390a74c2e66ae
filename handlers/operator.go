package handlers

import (
	"github.com/labstack/echo/v4"

	"latchkey/views"
)

func (s *Server) operatorPage(c echo.Context) error {
	ctx, by, cfg := c.Request().Context(), actor(c), s.Config
	people, err := s.Accounts.Count(ctx, by)
	if err != nil {
		return err
	}
	packages, err := s.Packages.Count(ctx, by)
	if err != nil {
		return err
	}
	jobs, err := s.Jobs.Waiting(ctx, by)
	if err != nil {
		return err
	}
	page := views.Operator{
		People: people, Packages: packages.Packages, Versions: packages.Versions, Waiting: jobs.Waiting, Retrying: jobs.Retrying,
		Portal: cfg.URL, Data: cfg.Data, Database: "SQLite, in the data folder", Files: "In the data folder",
		Warnings: s.Warnings(), SignUp: cfg.SignUp, MailServer: cfg.SMTP, From: cfg.MailFrom,
	}
	if cfg.Database != "" {
		page.Database = "PostgreSQL"
	}
	if cfg.S3URL != "" {
		page.Files = "In the bucket " + cfg.S3Bucket + " at " + cfg.S3URL
	}
	return s.render(c, page)
}
