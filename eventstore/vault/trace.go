package vault

import "crypto/sha256"

// A trace is the SHA-256 of the last bytes of a wrapped key: keyring.trace in the
// database. It tells nothing of the key, and so it can be kept to look for the key
// when nobody knows it any more.
type trace [sha256.Size]byte

// traceSize is how many bytes a trace stands for. Every wrapped key has more.
const traceSize = 32

// fewest is how many different values the bytes of a wrapped key have at least, in
// binary or base64: all but one in 100,000 have. Most of a file has fewer, and need not
// be hashed.
const fewest = 12

// search adds to found the traces of what is in data.
func search(data []byte, wanted, found map[trace]bool) {
	if len(wanted) == 0 {
		return
	}
	var count [256]uint8 // in the window
	different := 0
	for i, b := range data {
		if count[b]++; count[b] == 1 {
			different++
		}
		if i < traceSize-1 {
			continue
		}
		window := data[i-traceSize+1 : i+1]
		if different >= fewest {
			if t := trace(sha256.Sum256(window)); wanted[t] {
				found[t] = true
			}
		}
		if count[window[0]]--; count[window[0]] == 0 {
			different--
		}
	}
}
