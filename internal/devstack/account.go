package devstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is the user whom the server runs as when we are root, since Postgres
// refuses to be root. A nil account is whoever we are.
type account struct {
	name     string
	uid, gid int
}

// serverAccount picks the account for a new cluster.
func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &account{name, uid, gid}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody for it")
}

// ownerOf returns the account that owns an existing cluster: Postgres insists on
// running as the owner of its data. An ordinary user can only be that owner.
func ownerOf(path string) (*account, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	st := info.Sys().(*syscall.Stat_t)
	owner := &account{strconv.Itoa(int(st.Uid)), int(st.Uid), int(st.Gid)}
	if u, err := user.LookupId(owner.name); err == nil {
		owner.name = u.Username
	}
	switch me := os.Geteuid(); {
	case me == owner.uid && me != 0:
		return nil, nil
	case me != 0:
		return nil, fmt.Errorf("%s belongs to user %s: a run as root or as somebody else made it; run as that user, or remove it", path, owner.name)
	}
	return owner, nil
}

// mkdir makes a directory that only the account may look into.
func (a *account) mkdir(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return a.own(path)
}

// own hands path over. It does not follow a link.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// ownTree hands over a directory with all it holds.
func (a *account) ownTree(root string) error {
	if a == nil {
		return nil
	}
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.own(path)
	})
}

// reaches reports whether the account can use a directory that we make in dir:
// it may pass through every directory above, and the filesystem lets us give
// files away (some that containers mount do not).
func (a *account) reaches(dir string) bool {
	if a == nil {
		return true
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil || !a.mayEnter(info) {
			return false
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	probe, err := os.MkdirTemp(dir, ".probe-")
	if err != nil {
		return false
	}
	defer os.Remove(probe)
	if a.own(probe) != nil {
		return false
	}
	info, err := os.Stat(probe)
	return err == nil && int(info.Sys().(*syscall.Stat_t).Uid) == a.uid
}

func (a *account) mayEnter(dir os.FileInfo) bool {
	st, mode := dir.Sys().(*syscall.Stat_t), dir.Mode().Perm()
	switch {
	case int(st.Uid) == a.uid:
		return mode&0o100 != 0
	case int(st.Gid) == a.gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}

// attr makes a child run as the account and in a process group of its own, so
// that a Ctrl-C in the terminal reaches us and not the server behind our back.
func (a *account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}
