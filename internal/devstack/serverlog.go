package devstack

import (
	"io"
	"os"
	"strings"
	"syscall"
)

// A server's log of more than this is put aside at the next start.
const maxLog = 16 << 20

// oldLog is what its name gets then.
const oldLog = ".1"

// An earlyExitError is a server that did not come up, with what it wrote.
type earlyExitError struct {
	err error
	log string
}

func (e *earlyExitError) Error() string { return e.err.Error() + "\n" + lastLines(e.log, 8) }
func (e *earlyExitError) Unwrap() error { return e.err }

// passing reports whether another attempt may go better: somebody took the port
// that was free a moment ago, or the last process of a killed server still holds
// its shared memory.
func (e *earlyExitError) passing(anyPort bool) bool {
	return anyPort && strings.Contains(e.log, "could not bind") ||
		strings.Contains(e.log, "pre-existing shared memory block")
}

// A logFile is the server's log, open for more.
type logFile struct {
	*os.File
	start int64
}

func openLog(path string) (*logFile, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+oldLog); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	start, err := f.Seek(0, io.SeekEnd)
	return &logFile{f, start}, err
}

// sinceOpen returns the end of what was written since then.
func (l *logFile) sinceOpen() string {
	info, err := l.Stat()
	if err != nil {
		return ""
	}
	const most = 8 << 10
	from := max(l.start, info.Size()-most)
	text := make([]byte, info.Size()-from)
	n, _ := l.ReadAt(text, from)
	return string(text[:n])
}
