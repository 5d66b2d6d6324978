package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/commentd/commentd/eventstore/vault"
	"github.com/commentd/commentd/internal/devstacktest"
)

// TestScripts runs what an operator types and checks what they see. $EMPTY is a
// database without a schema, $DB one that is migrated.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Postgres")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			test := e.T().(testing.TB)
			e.Setenv("COMMENTD", os.Args[0]) // with $AS_PROGRAM=1
			e.Setenv("AS_PROGRAM", asProgram)
			e.Setenv("COMMENTD_ROOT_KEY", vault.GenerateRootKey())
			e.Setenv("EMPTY", devstacktest.EmptyDatabase(test))
			e.Setenv("DB", devstacktest.Postgres(test))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"commentd": func(ts *testscript.TestScript, neg bool, args []string) {
				err := run(t.Context(), args, ts.Getenv, ts.Stdout(), ts.Stderr())
				if err != nil {
					ts.Logf("exit code %d: %v", exitCode(err), err)
					_, _ = ts.Stderr().Write([]byte(err.Error() + "\n")) // as main does
				}
				if (err != nil) != neg {
					ts.Fatalf("commentd %v: error %v", args, err)
				}
			},
			"say":       scriptSay,
			"texts":     scriptTexts,
			"past":      scriptPast,
			"elsewhere": scriptElsewhere,
		},
	})
}
