package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/commentd/commentd/internal/devstacktest"
)

// asProgram makes the test binary behave as commentd itself, so that tests can
// start, signal and kill real processes of it.
const asProgram = "COMMENTD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	devstacktest.Main(m)
}

// program is a running commentd.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	exited chan struct{} // closed at the end; err is set before
	err    error
	output *transcript
}

// transcript is what a program has printed so far.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *transcript) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *transcript) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// remarkable is the end of what was printed, without what is said of every request
// that went well.
func (o *transcript) remarkable() string {
	var lines []string
	for line := range strings.Lines(o.String()) {
		if !strings.Contains(line, `"msg":"request"`) || strings.Contains(line, `"status":5`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-40):], "")
}

func startProgram(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	return startCommand(t, exec.Command(os.Args[0], args...), environment)
}

// startCommand starts a command that ends up as this program.
func startCommand(t *testing.T, cmd *exec.Cmd, environment []string) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, exited: make(chan struct{}), output: new(transcript)}
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	cmd.WaitDelay = time.Second // for what it left behind with its output in hand
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT) // it may have been stopped, or ended
		p.stop(syscall.SIGTERM)
		if t.Failed() {
			t.Logf("%v ended with %v; of its output:\n%s", cmd.Args, p.err, p.output.remarkable())
		}
	})
	return p
}

// running reports whether the program has not ended.
func (p *program) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stop sends a signal and waits for the end.
func (p *program) stop(sig syscall.Signal) error {
	p.t.Helper()
	_ = p.cmd.Process.Signal(sig) // it may have ended by itself
	return p.wait()
}

// wait waits for the end.
func (p *program) wait() error {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(40 * time.Second):
		_ = p.cmd.Process.Kill()
		p.t.Fatalf("%v does not end:\n%s", p.cmd.Args, p.output)
	}
	return p.err
}

// startDev starts `commentd dev` and waits until it is ready.
func startDev(t *testing.T, dir string, args ...string) (*program, devInfo) {
	t.Helper()
	info := devInfo{}
	p := startProgram(t, nil, append([]string{"dev", "--data", dir, "--listen", "127.0.0.1:0"}, args...)...)
	eventually(t, func() error {
		if !p.running() {
			t.Fatalf("dev ended: %v\n%s", p.err, p.output)
		}
		text, err := os.ReadFile(filepath.Join(dir, "dev.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &info); err != nil {
			t.Fatalf("dev.json is not whole: %v", err)
		}
		if info.PID != p.cmd.Process.Pid {
			return errors.New("dev.json is of an earlier process")
		}
		return nil
	})
	return p, info
}

// devFolder is a new folder for dev, which goes with the test. All may pass through
// it: as root, dev would otherwise keep Postgres in another place, and for ever.
func devFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(folder, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// eventually waits until check succeeds.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	if err := await(check); err != nil {
		t.Fatalf("waited in vain: %v", err)
	}
}

// await is eventually for goroutines of a test.
func await(check func() error) error {
	var err error
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = check(); err == nil {
			return nil
		}
	}
	return err
}

// call makes a request and returns status and body.
func call(method, url, key, body string) (int, string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

func mustCall(t *testing.T, want int, method, url, key, body string) string {
	t.Helper()
	status, answer, err := call(method, url, key, body)
	if err != nil || status != want {
		t.Fatalf("%s %s = %d %s, %v; want %d", method, url, status, answer, err, want)
	}
	return answer
}

// command runs a subcommand to its end, in this process.
func command(t *testing.T, environment map[string]string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := run(ctx, args, func(name string) string { return environment[name] }, &out, io.Discard)
	return out.String(), err
}

// contentsOf lists what the comments of a thread say.
func contentsOf(t *testing.T, info devInfo, key, ticket string) []string {
	t.Helper()
	var comments []struct {
		Content string `json:"content"`
	}
	answer := mustCall(t, 200, "GET", info.BaseURL+"/v1/tickets/"+ticket+"/comments", info.Keys[key], "")
	if err := json.Unmarshal([]byte(answer), &comments); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	var contents []string
	for _, c := range comments {
		contents = append(contents, c.Content)
	}
	return contents
}

func quoted(text string) string { return fmt.Sprintf(`{"content":%q}`, text) }

// post writes a comment under an Idempotency-Key of its own.
func post(url, key, content string) (int, error) {
	request, err := http.NewRequest("POST", url, strings.NewReader(quoted(content)))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", content)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func mustPost(t *testing.T, url, key, content string) {
	t.Helper()
	if status, err := post(url, key, content); err != nil || status != 201 {
		t.Fatalf("POST again = %d, %v; want 201", status, err)
	}
}
