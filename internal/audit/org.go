package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"latchkey/db"
)

// Filter chooses entries of an organization's log. Its zero value chooses all.
type Filter struct {
	Person  string // who acted, or was acted upon
	Action  string // an event, or what events begin with: "team" for team.created and the like
	Package string
	From    time.Time // the first moment
	Until   time.Time // the first moment after
}

// event is the pattern of the events that are chosen. What is no event is no filter.
func (f Filter) event() string {
	switch {
	case kindForm.MatchString(f.Action):
		return f.Action + ".%"
	case eventForm.MatchString(f.Action):
		return f.Action
	}
	return "%"
}

func (f Filter) until() time.Time {
	if f.Until.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return f.Until
}

// OfOrg returns at most limit entries of an organization's log, the newest first, before an entry or, without
// one, from the newest on. Whoever asks has been allowed to by the organization.
func OfOrg(ctx context.Context, q db.Q, org string, f Filter, before string, limit int) ([]Logged, error) {
	if !idForm.MatchString(before) {
		before = beyond
	}
	rows, err := store{q}.ofOrg(ctx, org, f, before, min(max(limit, 1), batch))
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		rows[i].SessionID = "" // which says nothing to anybody else
		if slices.Contains(byOutsiders, r.Event) {
			rows[i].IP, rows[i].Agent, rows[i].TokenID, rows[i].TokenName, rows[i].TokenHint = "", "", "", "", ""
		}
	}
	return logged(rows)
}

// byOutsiders are acts of people who need not belong to an organization: from where they act is not its owners' to know.
var byOutsiders = []Event{MaintainerDeclined, OrgInvitationDeclined}

// EachOfOrg calls f with every chosen entry, the newest first, without holding more than a few in memory.
func EachOfOrg(ctx context.Context, q db.Q, org string, filter Filter, f func(Logged) error) error {
	for before := ""; ; {
		entries, err := OfOrg(ctx, q, org, filter, before, batch)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(entries) < batch {
			return nil
		}
		before = entries[len(entries)-1].ID
	}
}

// logged is rows as they are told.
func logged(rows []row) ([]Logged, error) {
	out := make([]Logged, len(rows))
	for i, r := range rows {
		out[i] = Logged{
			ID: r.ID, At: r.At, Event: r.Event, Actor: r.ActorName, Via: r.Via, Session: r.SessionID,
			Token: r.TokenID, TokenName: r.TokenName, TokenHint: r.TokenHint, IP: r.IP, Agent: r.Agent, Subject: r.Subject,
		}
		if err := json.Unmarshal([]byte(r.Detail), &out[i].Detail); err != nil {
			return nil, fmt.Errorf("read the detail of entry %s: %w", r.ID, err)
		}
	}
	return out, nil
}
