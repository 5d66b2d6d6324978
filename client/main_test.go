package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/commentd/commentd/client"
)

// service is a commentd dev, which the tests of this package share.
type service struct {
	dir    string
	binary string
	listen string
	cmd    *exec.Cmd
	info   struct {
		BaseURL  string            `json:"base_url"`
		NATSURL  string            `json:"nats_url"`
		Postgres string            `json:"postgres_url"`
		Keys     map[string]string `json:"keys"`
		Users    map[string]string `json:"users"`
		PID      int               `json:"pid"`
	}
}

var dev service

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: starts servers")
		return
	}
	code, err := 1, dev.prepare()
	if err == nil {
		if err = dev.start(); err == nil {
			code = m.Run()
			err = dev.stop(syscall.SIGTERM)
		}
		err = errors.Join(err, os.RemoveAll(dev.dir))
	}
	if err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// prepare builds the program. As root, Postgres runs as another user: all may pass
// through the folder.
func (s *service) prepare() (err error) {
	if s.dir, err = os.MkdirTemp("", "client"); err != nil {
		return err
	}
	s.binary, s.listen = filepath.Join(s.dir, "commentd"), "127.0.0.1:0"
	if out, err := exec.Command("go", "build", "-o", s.binary, "github.com/commentd/commentd/cmd/commentd").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return os.Chmod(s.dir, 0o711)
}

// start runs the program until it is ready, on the address that it had before.
func (s *service) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(s.binary, "dev", "--data", filepath.Join(s.dir, "data"), "--listen", s.listen)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		content, err := os.ReadFile(filepath.Join(s.dir, "data", "dev.json"))
		if err == nil && json.Unmarshal(content, &s.info) == nil && s.info.PID == s.cmd.Process.Pid {
			s.listen = s.info.BaseURL[len("http://"):]
			return nil
		}
	}
	_ = s.stop(syscall.SIGTERM)
	content, _ := os.ReadFile(log.Name())
	return fmt.Errorf("commentd dev does not start: %s", content)
}

func (s *service) stop(signal os.Signal) error {
	err := s.cmd.Process.Signal(signal)
	if ended := s.cmd.Wait(); signal != syscall.SIGKILL {
		err = errors.Join(err, ended)
	}
	return err
}

// tool runs one of the program's tools on the data of the service.
func (s *service) tool(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command(s.binary, args...)
	cmd.Env = append(os.Environ(), "COMMENTD_POSTGRES_URL="+s.info.Postgres, "COMMENTD_ROOT_KEY_FILE="+filepath.Join(s.dir, "data", "root.key"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

// as returns a client with the key of somebody of the demo account.
func as(t testing.TB, who string, options ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(dev.info.BaseURL, dev.info.Keys[who], options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newTicket opens a ticket of the demo customer.
func newTicket(t testing.TB) uuid.UUID {
	t.Helper()
	id := uuid.New()
	ticket, err := as(t, "admin").PutTicket(t.Context(), id, client.TicketChange{
		Subject: client.Set("The printer is on fire"), RequesterID: client.Set(uuid.MustParse(dev.info.Users["customer"])),
	})
	if err != nil || ticket.ID != id || *ticket.Subject != "The printer is on fire" {
		t.Fatalf("%+v, %v", ticket, err)
	}
	return id
}

func say(t testing.TB, c *client.Client, ticket uuid.UUID, content string) client.Comment {
	t.Helper()
	comment, err := c.CreateComment(t.Context(), ticket, client.NewComment{Content: content})
	if err != nil {
		t.Fatal(err)
	}
	return comment
}

// within is a context that ends before the tests are given up.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
