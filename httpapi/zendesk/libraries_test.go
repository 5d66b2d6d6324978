package zendesk_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	run   []string // command lines; the last runs the program
	title string   // in the README of this package
}{
	{"go", "go", "main.go", []string{"go run ."}, "go-zendesk 0.18.0"},
	{"js", "npm", "client.mjs", []string{"npm install --no-package-lock --no-audit --no-fund --silent", "node client.mjs"}, "node-zendesk 6.0.1"},
}

// TestLibraries: each library does all it can with comments, tickets, uploads, audits,
// requests and users, and is refused what the README of this package says and nothing else;
// and what the README at the top shows of it prints what was written.
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
			var output string
			for _, line := range l.run {
				output = a.run(t, dir, line)
			}
			checkCalls(t, l.title, dir, output)
			_, block, _ := strings.Cut(string(readme), "```"+l.name+"\n")
			block, _, found := strings.Cut(block, "```")
			if !found {
				t.Fatal("the README shows nothing of it")
			}
			block = strings.NewReplacer("http://127.0.0.1:8080", a.url, "agent@example.com", a.email("agent"), "cmt_a_demoagent000000000000000000000002zPhgI", a.keys["agent"]).Replace(block)
			for _, file := range sources(t, dir) { // of which the program is to be nothing
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, l.file), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			if out := a.run(t, dir, l.run[len(l.run)-1]); !strings.Contains(out, "The <strong>smoke</strong> is very colorful.") {
				t.Errorf("what the README shows prints %s", out)
			}
		})
	}
}

func sources(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// calls are those of a library, with how each is answered: "served", or a status.
type calls map[string]string

// checkCalls compares the calls that a library offers with those that were made, and with
// what the README says of each. Of a call that is made nothing has to be printed in Go, where a
// program that does not fail has made all that it has.
func checkCalls(t *testing.T, title, dir, output string) {
	t.Helper()
	offered, made := calls{}, calls{}
	for _, file := range sources(t, dir) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if method, ok := call.Fun.(*ast.SelectorExpr); ok {
					made[method.Sel.Name] = "served"
				}
			}
			return true
		})
	}
	for line := range strings.Lines(output) {
		words := append(strings.Fields(line), "", "", "")
		switch words[0] {
		case "offers":
			offered[words[1]] = ""
		case "served":
			made[words[1]] = "served"
		case "refused":
			made[words[1]] = words[2]
		}
	}
	said := documented(t, title)
	if len(offered) < 40 {
		t.Errorf("the library offers %d calls only", len(offered))
	}
	for name := range offered {
		if made[name] == "" || made[name] != said[name] {
			t.Errorf("%s: made: %q; in the README: %q", name, made[name], said[name])
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("%s is in the README, and the library does not offer it", name)
	}
}

// documented reads what the README of this package says of a library's calls: those
// that are served stand in a paragraph, and others in a table with how they are answered.
func documented(t *testing.T, title string) calls {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "### "+title+"\n")
	if !found {
		t.Fatalf("the README has nothing of %s", title)
	}
	section, _, _ = strings.Cut(section, "\n#")
	said := calls{}
	code := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(section) {
		answer := "served"
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			line, answer = cells[1], strings.TrimSpace(cells[2])
		}
		for _, name := range code.FindAllStringSubmatch(line, -1) {
			said[name[1]] = answer
		}
	}
	return said
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
