package floors

import (
	"go/ast"
	"go/types"
	"slices"
	"testing"
)

// withoutActor is what nobody in particular does: the clock, the queue, and parts that a noun calls
// inside a method which has asked already.
var withoutActor = []string{
	"internal/audit.Seal",
	"internal/account.ClaimScope", "internal/account.HasOperator", "internal/account.Invitation", "internal/account.LockLink",
	"internal/account.Notify", "internal/account.RecoveryLink", "internal/account.ResetLink",
	"internal/account.SetupOpen", "internal/account.Sweep",
	"internal/jobs.Run", "internal/jobs.Step",
	"internal/outbox.Enqueue", "internal/outbox.Deliver",
	"internal/limit.Take", "internal/limit.Forgive", "internal/limit.GiveBack", "internal/limit.Sweep",
	"internal/signing.Ensure", "internal/signing.Sign", "internal/signing.Keys",
	"internal/org.SendReminders", "internal/org.Sweep", "internal/org.Tend",
	"internal/registry.ListDependencies", "internal/registry.Sweep", "internal/registry.SweepInvitations",
	"internal/search.Refresh", "internal/stats.Flush", "internal/stats.Sweep",
	"internal/token.Flush", "internal/token.Remind", "internal/token.Sweep",
	"internal/twofactor.ModeOf", "internal/twofactor.Sweep", "internal/twofactor.WaysOf",
}

// An exported method of a service that takes a context says right after it who acts, or after the
// transaction that it joins.
func TestServicesAreToldWhoActs(t *testing.T) {
	used := map[string]bool{}
	found := 0
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, d := range s.tree.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || receiver(f) != "Service" || !f.Name.IsExported() {
				continue
			}
			p := parameters(f)
			if len(p) == 0 || p[0] != "context.Context" {
				continue
			}
			found++
			p = p[1:]
			if len(p) > 0 && p[0] == "*db.Tx" {
				p = p[1:]
			}
			name := s.pkg + "." + f.Name.Name
			asks := len(p) > 0 && p[0] == "access.Actor" && !blankActor(f)
			if !asks && !slices.Contains(withoutActor, name) {
				t.Errorf("%s:%d: %s does not take an access.Actor after the context", s.path, s.line(f.Pos()), name)
			}
			used[name] = !asks
		}
	}
	for _, name := range withoutActor {
		if !used[name] {
			t.Errorf("%s is excused and need not be", name)
		}
	}
	if found < 40 {
		t.Errorf("only %d methods were found", found)
	}
}

// blankActor reports whether a method takes an actor and asks nobody: it would look as if it did.
func blankActor(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		for _, n := range p.Names {
			if n.Name == "_" && types.ExprString(p.Type) == "access.Actor" {
				return true
			}
		}
	}
	return false
}

// parameters are the types of a function's parameters, as written.
func parameters(f *ast.FuncDecl) (out []string) {
	for _, p := range f.Type.Params.List {
		for range max(1, len(p.Names)) {
			out = append(out, types.ExprString(p.Type))
		}
	}
	return out
}

// The clock is handed in, so that a test can move it: time.Now is for the top of the house, for db,
// and for what has no clock to take it from.
func TestServicesTakeTheClock(t *testing.T) {
	allowed := []string{
		"cmd", "db", "internal/app", "internal/edge", "e2e", "internal/throwaway",
		"internal/blob",
	} // where the times of files are the machine's
	for _, s := range sources(t) {
		if s.test() || within(s.pkg, allowed) {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && types.ExprString(call) == "time.Now" {
				t.Errorf("%s:%d: time.Now", s.path, s.line(call.Pos()))
			}
			return true
		})
	}
}
