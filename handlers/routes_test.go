package handlers

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/internal/access"
)

// matrix says who gets what from each route: a stranger, somebody signed in, the operator. A route that
// is missing here fails the test, so that nobody adds one without deciding.
var matrix = map[string][3]int{
	"GET /":                               {200, 200, 200},
	"GET /help/npm":                       {200, 200, 200},
	"GET /package/:name":                  {200, 200, 200},
	"GET /package/:name/versions":         {200, 200, 200},
	"GET /~:person":                       {200, 200, 200},
	"GET /search":                         {200, 200, 200},
	"GET /package/:name/files":            {200, 200, 200},
	"GET /package/:name/files/:version":   {200, 200, 200},
	"GET /package/:name/files/:version/*": {200, 200, 200},
	"GET /package/:name/dependencies":     {200, 200, 200},
	"GET /package/:name/dependents":       {200, 200, 200},
	"GET /package/:name/diff":             {422, 422, 422},
	"GET /package/:name/diff/:range":      {200, 200, 200},

	"GET /package/:name/settings":              {303, 200, 403},
	"POST /package/:name/settings/access":      {303, 422, 403},
	"POST /package/:name/settings/maintainers": {303, 422, 422},
	"POST /package/:name/settings/deprecation": {303, 422, 403},
	"GET /package/:name/settings/delete":       {303, 200, 403},
	"POST /package/:name/settings/delete":      {303, 422, 403},

	"GET /signup":                 {200, 303, 303},
	"POST /signup":                {422, 422, 422},
	"GET /login":                  {200, 303, 303},
	"POST /login":                 {422, 422, 422},
	"POST /logout":                {303, 303, 303},
	"GET /login/factor":           {303, 303, 303}, // nobody is half-way in: begin again
	"POST /login/factor":          {303, 303, 303},
	"POST /login/factor/begin":    {303, 303, 303},
	"GET /login/code":             {303, 303, 303},
	"POST /login/code":            {303, 303, 303},
	"GET /login/lost":             {303, 303, 303},
	"POST /login/lost":            {303, 303, 303},
	"GET /recovery/:token":        {404, 404, 404},
	"POST /recovery/:token":       {422, 422, 422},
	"GET /operator/recoveries":    {404, 404, 200},
	"POST /operator/recoveries":   {404, 404, 422},
	"GET /login/recovery-code":    {303, 303, 303},
	"POST /login/recovery-code":   {303, 303, 303},
	"POST /login/passkey":         {422, 422, 422},
	"POST /login/passkey/begin":   {200, 200, 200},
	"GET /password/forgot":        {200, 200, 200},
	"POST /password/forgot":       {422, 422, 422},
	"GET /password/reset/:token":  {404, 404, 404},
	"POST /password/reset/:token": {404, 404, 404},
	"GET /verify/:token":          {404, 404, 404},
	"POST /verify/:token":         {404, 404, 404},
	"GET /invitations/:token":     {404, 404, 404},
	"POST /invitations/:token":    {404, 404, 404},
	"GET /lock/:token":            {404, 404, 404},
	"POST /lock/:token":           {404, 404, 404},
	"GET /setup/:token":           {404, 404, 404},
	"POST /setup/:token":          {404, 404, 404},

	"GET /sudo":            {303, 200, 200},
	"POST /sudo":           {303, 422, 422},
	"GET /auth/login/:id":  {303, 404, 404},
	"POST /auth/login/:id": {303, 404, 404},
	"POST /sudo/begin":     {303, 409, 409}, // without a key

	"GET /auth/confirm/:id":        {303, 404, 404},
	"POST /auth/confirm/:id":       {303, 404, 404},
	"POST /auth/confirm/:id/begin": {303, 404, 404},

	"GET /settings/tokens":             {303, 200, 200},
	"POST /settings/tokens":            {303, 422, 422},
	"GET /settings/tokens/new":         {303, 200, 200},
	"POST /settings/tokens/new":        {303, 422, 422},
	"GET /settings/tokens/:id/rotate":  {303, 404, 404},
	"POST /settings/tokens/:id/rotate": {303, 404, 404},

	"GET /settings/profile":          {303, 200, 200},
	"POST /settings/profile":         {303, 303, 303},
	"GET /settings/emails":           {303, 200, 200},
	"POST /settings/emails":          {303, 409, 409},
	"GET /settings/password":         {303, 200, 200},
	"POST /settings/password":        {303, 422, 422},
	"GET /settings/packages":         {303, 200, 200},
	"GET /settings/invitations":      {303, 200, 200},
	"POST /settings/invitations/:id": {303, 422, 422},

	"GET /settings/two-factor":             {303, 200, 200},
	"GET /settings/two-factor/add":         {303, 200, 200},
	"POST /settings/two-factor/keys":       {303, 422, 422},
	"POST /settings/two-factor/keys/begin": {303, 200, 200},
	"POST /settings/two-factor/keys/:id":   {303, 422, 422},
	"GET /settings/two-factor/app":         {303, 409, 409}, // nothing is being set up
	"POST /settings/two-factor/app":        {303, 422, 422},
	"GET /settings/two-factor/codes":       {303, 409, 409},
	"POST /settings/two-factor/codes":      {303, 422, 422},
	"POST /settings/two-factor/mode":       {303, 422, 422},
	"GET /settings/two-factor/off":         {303, 303, 303}, // it is off
	"POST /settings/two-factor/off":        {303, 409, 409},
	"GET /settings/sessions":               {303, 200, 200},
	"POST /settings/sessions":              {303, 422, 422},
	"GET /settings/security-log":           {303, 200, 200},
	"GET /settings/security-log/export":    {303, 200, 200},
	"GET /settings/lock":                   {303, 200, 200},
	"POST /settings/lock":                  {303, 303, 303},
	"GET /settings/organizations":          {303, 200, 200},

	"GET /org/new":                    {303, 200, 200},
	"POST /org/new":                   {303, 422, 422},
	"GET /org/:org/members":           {303, 200, 404},
	"POST /org/:org/members":          {303, 422, 422},
	"GET /org/:org/members/export":    {303, 200, 404},
	"POST /org/:org/reminders":        {303, 303, 404},
	"GET /org/:org/delete":            {303, 200, 404},
	"POST /org/:org/delete":           {303, 422, 404},
	"GET /org/:org/security":          {303, 200, 404},
	"GET /org/:org/security/preview":  {303, 422, 404},
	"POST /org/:org/security":         {303, 422, 404},
	"POST /org/:org/security/restore": {303, 404, 404},
	"GET /org/:org/audit-log":         {303, 200, 404},
	"GET /org/:org/audit-log/export":  {303, 200, 404},
	"GET /org/:org/teams":             {303, 200, 404},
	"POST /org/:org/teams":            {303, 422, 404},
	"GET /org/:org/teams/:team":       {303, 200, 404},
	"POST /org/:org/teams/:team":      {303, 422, 422},
	"GET /org/:org/invitations":       {303, 200, 404},
	"POST /org/:org/invitations":      {303, 422, 404},
	"POST /org/:org/invitations/:id":  {303, 404, 404},

	"GET /operator":          {404, 404, 200},
	"GET /operator/people":   {404, 404, 200},
	"POST /operator/people":  {404, 404, 422},
	"GET /operator/mail":     {404, 404, 200},
	"GET /operator/mail/:id": {404, 404, 404},

	"GET /static/:file": {404, 404, 404},
	"GET /favicon.ico":  {200, 200, 200},
	"GET /favicon.svg":  {200, 200, 200},
	"GET /robots.txt":   {200, 200, 200},
}

// filled is a route's path with something believable in place of its parameters.
func filled(path string) string {
	return strings.NewReplacer(":name", "gadget", ":person", "ann", ":version", "2.0.0", ":range", "2.0.0...2.0.0", "*", "package.json", ":token", "AAAABBBBCCCCDDDDEEEEFFFFGG", ":id", "AAAABBBBCCCCDDDDEEEEFFFFGG",
		":file", "app.css", ":org", "acme", ":team", "developers").Replace(path)
}

func TestEveryRouteKnowsWhoItIsFor(t *testing.T) {
	p := peopled(t)
	if got, want := p.server.Routes(), slices.Sorted(maps.Keys(matrix)); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("routes:\n%s\n\nmatrix:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i, name := range []string{"", "ann", "olga"} {
		for route, statuses := range matrix {
			b := p.as(name)
			method, path, _ := strings.Cut(route, " ")
			var body url.Values
			if method != http.MethodGet {
				body = form()
			}
			if r := b.send(b.request(method, filled(path), body)); r.status != statuses[i] {
				t.Errorf("%q as %q: %d, want %d", route, name, r.status, statuses[i])
			} else if route == "POST /settings/lock" && name != "" {
				if err := p.Accounts.Unlock(t.Context(), access.Console(), name); err != nil {
					t.Error(err)
				}
			} else if r.status == http.StatusSeeOther && name == "" && !strings.HasPrefix(route, "POST /logout") {
				if l := r.location(); l != "/login" && l != "/login?next="+url.QueryEscape(filled(path)) {
					t.Errorf("%q as a stranger leads to %s", route, l)
				}
			}
		}
	}
}

func TestReadingChangesNothing(t *testing.T) {
	p := peopled(t)
	for _, name := range []string{"", "ann", "olga"} {
		b := p.as(name)
		for route := range matrix {
			if path, ok := strings.CutPrefix(route, "GET "); ok {
				before := p.contents(t)
				b.get(filled(path))
				if p.contents(t) != before {
					t.Errorf("GET %s as %q writes to the database", path, name)
				}
			}
		}
	}
}

// A terminal's request belongs to the first browser that opens its page: that claim is the one thing
// that reading writes. Opening it again, or from elsewhere, writes nothing.
func TestOpeningATerminalsRequestClaimsItOnce(t *testing.T) {
	p := peopled(t)
	l := p.ask(t, "203.0.113.7")
	ann, bob := p.as("ann"), p.as("bob")
	for _, row := range []struct {
		who    string
		b      *browser
		writes bool
	}{{"a stranger", p.visit(), false}, {"the first", ann, true}, {"the first, again", ann, false}, {"another", bob, false}} {
		before := p.contents(t)
		row.b.get("/auth/login/" + l.ID)
		if wrote := p.contents(t) != before; wrote != row.writes {
			t.Errorf("%s: wrote %v", row.who, wrote)
		}
	}
	if _, pending := p.answer(t, l); !pending {
		t.Error("opening the page decided")
	}
}

// The log says which page was asked for, and never the part of its address that opens it.
func TestSecretsInAddressesAreNotLogged(t *testing.T) {
	p := peopled(t)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)
	const secret = "AAAABBBBCCCCDDDDEEEEFFFFGG"
	tried := 0
	for _, r := range p.server.routes() {
		if r.guard != byLink && r.path != "/auth/login/:id" {
			continue
		}
		tried++
		for _, b := range []*browser{p.visit(), p.as("ann")} {
			log.Reset()
			b.send(b.request(r.method, filled(r.path)+"?next="+secret, form("answer", "approve")))
			if !strings.Contains(log.String(), "msg=request") || strings.Contains(log.String(), secret) {
				t.Errorf("%s %s is logged as %s", r.method, r.path, log.String())
			}
		}
	}
	if tried < 10 {
		t.Errorf("only %d routes have a secret in their address", tried)
	}
}

func TestRouteWithoutGuardDoesNotStart(t *testing.T) {
	p := newPortal(t)
	for _, r := range []route{{method: "GET", path: "/x", handle: p.server.home}, {guard: open, method: "GET", path: "/y"}} {
		if err := p.server.register([]route{r}); err == nil {
			t.Errorf("%s was mounted", r.path)
		}
	}
}
