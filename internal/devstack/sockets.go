package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// maxSocketDir is the longest directory whose sockets have names the kernel takes:
// 103 bytes on macOS, 107 on Linux.
const maxSocketDir = 103 - len("/.s.PGSQL.65535")

// socketDir makes an empty private directory for the server's Unix socket: beside
// the data, or where that name is too long in a temporary folder, and then the
// caller has to remove it.
func (h home) socketDir() (dir string, temporary bool, err error) {
	dir = h.sockets()
	if len(dir) <= maxSocketDir {
		err := os.RemoveAll(dir) // sockets and locks of a server that is gone
		if err == nil {
			err = h.as.mkdir(dir)
		}
		return dir, false, err
	}
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err = os.MkdirTemp(parent, "commentd-") // mode 0700
		if err == nil {
			err = h.as.own(dir)
		}
		if err == nil && len(dir) <= maxSocketDir && h.as.reaches(dir) {
			return dir, true, nil
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return "", false, errors.Join(fmt.Errorf("found no folder for the socket of Postgres: %s is longer than %d bytes", h.sockets(), maxSocketDir), err)
}

// remakeSocketDir makes a temporary directory again under the name it had, so that
// URLs handed out stay good. It fails if somebody else has taken the name.
func (h home) remakeSocketDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return h.as.mkdir(dir)
}

// freePort returns a port that was free on the loopback address a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
