package devstack

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
)

// natsLog passes what the NATS server says to slog. What the server calls a notice
// is its way of clearing its throat, so that is for debugging.
type natsLog struct {
	logger *slog.Logger
	last   atomic.Pointer[string]
}

func (l *natsLog) Noticef(format string, v ...any) { l.logger.Debug(natsLine(format, v)) }
func (l *natsLog) Debugf(format string, v ...any)  { l.logger.Debug(natsLine(format, v)) }
func (l *natsLog) Warnf(format string, v ...any) {
	line := natsLine(format, v)
	if strings.Contains(line, "Plaintext passwords detected") {
		return // they are made up for this server, which only this machine can reach
	}
	l.logger.Warn(line)
}
func (l *natsLog) Errorf(format string, v ...any) { l.fail(natsLine(format, v)) }

// Fatalf does not end the process, which is ours: the server gives up starting by
// itself, and launch sees that it has.
func (l *natsLog) Fatalf(format string, v ...any) { l.fail(natsLine(format, v)) }

// Tracef is never called, since traces would show what messages carry.
func (l *natsLog) Tracef(string, ...any) {}

func (l *natsLog) fail(line string) {
	l.last.Store(&line)
	l.logger.Error(line)
}

// lastError returns the last thing that went wrong.
func (l *natsLog) lastError() string {
	if line := l.last.Load(); line != nil {
		return *line
	}
	return "it did not say why"
}

func natsLine(format string, v []any) string { return "nats: " + fmt.Sprintf(format, v...) }
