package v1_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/commentd/commentd/httpapi/directory"
)

// TestReceiverOfTheDocs runs the receiver of docs/webhooks.md: it takes what was signed,
// and nothing else.
func TestReceiverOfTheDocs(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	text, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, program, found := strings.Cut(string(text), "```python\n")
	program, _, ended := strings.Cut(program, "```")
	if !found || !ended {
		t.Fatal("docs/webhooks.md shows no receiver")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()

	a := newStack(t).account("acme", directory.Settings{})
	var h hook
	h.read(t, a.must(201, "admin", "POST", "/v1/webhooks", fmt.Sprintf(`{"url":"http://%s/"}`, address)))
	receiver := exec.CommandContext(t.Context(), python, "-c", program)
	receiver.Env = append(os.Environ(), "SECRET="+h.Secret, "PORT="+address[strings.LastIndexByte(address, ':')+1:])
	out, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		receiver.Process.Kill()
		receiver.Wait()
	})
	eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	forged, err := http.NewRequest("POST", "http://"+address+"/", strings.NewReader(`{"type":"forged"}`))
	if err != nil {
		t.Fatal(err)
	}
	forged.Header.Set("webhook-id", "1")
	forged.Header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()))
	forged.Header.Set("webhook-signature", "v1,AAAA")
	answer, err := http.DefaultClient.Do(forged)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 400 {
		t.Errorf("a forged message = %d; want 400", answer.StatusCode)
	}

	a.dispatch()
	a.comment("agent", a.ticket(), "text", false)
	lines := bufio.NewScanner(out)
	var kinds []string
	for len(kinds) < 2 && lines.Scan() {
		kinds = append(kinds, strings.Fields(lines.Text())[1])
	}
	if len(kinds) != 2 || kinds[0] == kinds[1] || !strings.HasPrefix(kinds[0], "commentd.") {
		t.Errorf("the receiver printed %q; want the opening of a ticket and a comment", kinds)
	}
}
