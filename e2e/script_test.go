package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/db/dbtest"
	"latchkey/internal/throwaway"
)

// onEveryStore are the scripts that also run on PostgreSQL and with tarballs on an S3 server. The others
// are about the clients, which do not see where things are kept.
var onEveryStore = []string{"scripts/npm_publish_install.txtar", "scripts/admin.txtar"}

func TestScripts(t *testing.T) {
	testscript.Run(t, params("scripts", nil, func(testing.TB) []string { return nil }))
}

func TestScriptsOnPostgreSQL(t *testing.T) {
	testscript.Run(t, params("", onEveryStore, func(t testing.TB) []string {
		return []string{"LATCHKEY_DATABASE=" + dbtest.Postgres(t).Address}
	}))
}

func TestScriptsOnS3(t *testing.T) {
	testscript.Run(t, params("", onEveryStore, func(t testing.TB) []string {
		address, err := s3()
		if err != nil {
			t.Fatal(err)
		}
		return address
	}))
}

// s3 starts the S3 server that all tests share; tarballs are named by their content.
var s3 = sync.OnceValues(func() ([]string, error) {
	address, err := throwaway.Start("s3")
	if err != nil {
		return nil, err
	}
	keys, host, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "@")
	access, secret, _ := strings.Cut(keys, ":")
	return []string{
		"LATCHKEY_S3_URL=http://" + host, "LATCHKEY_S3_BUCKET=tarballs",
		"LATCHKEY_S3_ACCESS_KEY=" + access, "LATCHKEY_S3_SECRET_KEY=" + secret,
	}, nil
})

// params describe scripts, each with an installation of its own on the stores that env names.
func params(dir string, files []string, env func(testing.TB) []string) testscript.Params {
	return testscript.Params{
		Dir: dir, Files: files, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			t := e.T().(testing.TB)
			s := newServer(t, env(t)...)
			e.Values[serverKey{}] = s
			nobody := filepath.Join(e.WorkDir, "home", "nobody")
			e.Vars = append(e.Vars, clientEnv(nobody)...)
			e.Vars = append(e.Vars, s.env[3:]...) // for latchkey itself
			e.Vars = append(e.Vars, "URL="+s.url, "PORT="+s.url[strings.LastIndex(s.url, ":")+1:], "REGISTRY="+s.registry(), "PASSWORD="+password)
			return s.home(nobody, "")
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"server": serverCommand, "person": personCommand, "as": asCommand, "fetch": fetchCommand, "answer": answerCommand,
		},
	}
}

type serverKey struct{}

func of(ts *testscript.TestScript) *server { return ts.Value(serverKey{}).(*server) }

// serverCommand is "server start [flags]", "server stop", "server kill" and "server log".
func serverCommand(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: server start [flags] | stop | kill")
	}
	switch args[0] {
	case "start":
		ts.Check(s.start(args[1:]...))
	case "stop":
		ts.Check(s.stop())
	case "kill":
		s.kill()
	default:
		ts.Fatalf("server cannot %s", args[0])
	}
}

// personCommand is "person NAME [KIND]": an account, with a token of that kind in a home folder of its own.
func personCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: person NAME [KIND]")
	}
	s, kind := of(ts), "publish"
	if len(args) == 2 {
		kind = args[1]
	}
	ts.Check(s.account(args[0]))
	token, err := s.token(args[0], kind)
	ts.Check(err)
	ts.Check(s.home(ts.MkAbs(filepath.Join(ts.Getenv("WORK"), "home", args[0])), token))
	ts.Setenv("TOKEN_"+strings.ToUpper(args[0]), token)
}

// asCommand is "as NAME": what follows is done in that person's home. "as nobody" is somebody who is not
// signed in, on another machine.
func asCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: as NAME")
	}
	home := filepath.Join(ts.Getenv("WORK"), "home", args[0])
	if _, err := os.Stat(home); err != nil {
		ts.Check(of(ts).home(home, ""))
	}
	ts.Setenv("HOME", home)
}

// fetchCommand is "fetch PATH FILE [TOKEN]": what a client without any habits of its own gets. A token
// may be in a file, as @FILE.
func fetchCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: fetch PATH FILE [TOKEN]")
	}
	r := request{path: args[0]}
	if len(args) == 3 {
		r.token = args[2]
		if file, ok := strings.CutPrefix(r.token, "@"); ok {
			r.token = strings.TrimSpace(ts.ReadFile(file))
		}
	}
	a, err := of(ts).ask(r)
	ts.Check(err)
	ts.Logf("%d %s", a.status, a.body[:min(len(a.body), 300)])
	if ok := a.status == 200; ok == neg {
		ts.Fatalf("unexpected status %d", a.status)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), a.body, 0o600))
}
