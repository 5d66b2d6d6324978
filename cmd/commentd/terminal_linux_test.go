package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// unlockTerminal makes the other side of a pseudo terminal usable, and returns its name.
func unlockTerminal(screen *os.File) (string, error) {
	var locked, number int32
	size := [4]uint16{24, 120}
	for _, request := range []struct {
		number uintptr
		value  unsafe.Pointer
	}{
		{syscall.TIOCSPTLCK, unsafe.Pointer(&locked)},
		{syscall.TIOCSWINSZ, unsafe.Pointer(&size)},
		{syscall.TIOCGPTN, unsafe.Pointer(&number)},
	} {
		if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request.number, uintptr(request.value)); err != 0 {
			return "", err
		}
	}
	return fmt.Sprintf("/dev/pts/%d", number), nil
}
