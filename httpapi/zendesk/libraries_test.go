package zendesk_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/httpapi/directory"
)

// libraries are public clients of Zendesk's API, and how a program that uses one is run
// in its folder.
var libraries = []struct {
	name  string
	needs string // a program
	file  string
	run   []string // command lines
}{
	{"go", "go", "main.go", []string{"go run ."}},
	{"js", "npm", "client.mjs", []string{"npm install --no-package-lock --no-audit --no-fund --silent", "node client.mjs"}},
}

// TestLibraries: each library does all it can with comments, tickets, uploads, audits,
// requests and users; and what the README shows of it prints what was written.
func TestLibraries(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			if _, err := exec.LookPath(l.needs); err != nil {
				t.Skipf("%s is not installed", l.needs)
			}
			a := newStack(t).account("acme", directory.Settings{})
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "clients", l.name))); err != nil {
				t.Fatal(err)
			}
			for _, line := range l.run {
				a.run(t, dir, line)
			}
			_, block, _ := strings.Cut(string(readme), "```"+l.name+"\n")
			block, _, found := strings.Cut(block, "```")
			if !found {
				t.Fatal("the README shows nothing of it")
			}
			block = strings.NewReplacer("http://127.0.0.1:8080", a.url, "agent@example.com", a.email("agent"), "cmt_a_demoagent000000000000000000000002zPhgI", a.keys["agent"]).Replace(block)
			if err := os.WriteFile(filepath.Join(dir, l.file), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if out := a.run(t, dir, l.run[len(l.run)-1]); !strings.Contains(out, "The <strong>smoke</strong> is very colorful.") {
				t.Errorf("what the README shows prints %s", out)
			}
		})
	}
}

func (a *account) run(t *testing.T, dir, line string) (output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	words := strings.Fields(line)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Dir = dir
	command.Env = append(os.Environ(), "ZENDESK_URL="+a.url,
		"ADMIN_EMAIL="+a.email("admin"), "ADMIN_KEY="+a.keys["admin"], fmt.Sprintf("ADMIN_ID=%d", a.numbers["admin"]),
		"CUSTOMER_EMAIL="+a.email("customer"), "CUSTOMER_KEY="+a.keys["customer"], fmt.Sprintf("CUSTOMER_ID=%d", a.numbers["customer"]))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}
