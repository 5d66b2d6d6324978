package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLogExportFile: without texts, nothing is in the file of accounts but whose events are
// whose; and nobody else reads it, whoever could read what was there before.
func TestLogExportFile(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	p := newProduction(t)
	p.newAccount(t, "other", "comments:read")
	i := p.instance(t, "--roles", "worker") // which seals
	i.start()
	i.awaitReady()
	name := filepath.Join(t.TempDir(), "log.ndjson")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	p.do(t, "log", "export", "-o", name)
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for line := range strings.Lines(string(file)) {
		if !strings.HasPrefix(line, `{"directory":`) {
			continue
		}
		entries++
		for _, secret := range []string{"hash", "hint", "label", "settings", "name", "email", `"key"`, `"user"`} {
			if strings.Contains(line, secret) {
				t.Errorf("%s is in the file: %s", secret, line)
			}
		}
	}
	if accounts := strings.Count(string(file), `"slug":`); entries == 0 || entries != accounts {
		t.Errorf("%d entries, %d of accounts:\n%s", entries, accounts, file)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v; want it for its owner alone", info.Mode(), err)
	}
}

// TestOpenDevice: whoever writes to a pipe learns that its reader is gone.
func TestOpenDevice(t *testing.T) {
	folder := t.TempDir()
	pipe, file := filepath.Join(folder, "pipe"), filepath.Join(folder, "file")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	device, err := openDevice(pipe)
	if err != nil || device == nil {
		t.Fatalf("openDevice = %v, %v", device, err)
	}
	defer device.Close()
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := device.WriteString("text"); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write = %v; want EPIPE", err)
	}
	for range 2 {
		if device, err := openDevice(file); device != nil || err != nil {
			t.Errorf("openDevice of a file = %v, %v; want none", device, err)
		}
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
