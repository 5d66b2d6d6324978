package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteBundle: a bundle that cannot be finished leaves the one before as it was, and
// nothing beside it.
func TestWriteBundle(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "bundle.json")
	write := func(text string, err error) error {
		return writeBundle(name, func(w io.Writer) error {
			_, failed := io.WriteString(w, text)
			return errors.Join(failed, err)
		})
	}
	if err := write("whole", nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the database went away")
	if err := write("half", broken); !errors.Is(err, broken) {
		t.Errorf("writeBundle = %v; want %v", err, broken)
	}
	content, err := os.ReadFile(name)
	if err != nil || string(content) != "whole" {
		t.Errorf("the bundle is %q, %v; want the one from before", content, err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 1 {
		t.Errorf("in the folder are %v, %v", files, err)
	}
}
