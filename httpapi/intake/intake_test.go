package intake_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/commentd/commentd/eventstore"
	"github.com/commentd/commentd/eventstore/blob"
	"github.com/commentd/commentd/eventstore/files"
	"github.com/commentd/commentd/eventstore/files/filestest"
	"github.com/commentd/commentd/httpapi/intake"
	"github.com/commentd/commentd/internal/metrics"
)

// newIntake makes an intake that needs no database: no row is written.
func newIntake(t *testing.T) (*intake.Intake, *files.Store, *blob.Dir) {
	dir := filestest.Dir(t)
	store := files.New(eventstore.New(nil, nil, metrics.New(prometheus.NewRegistry()), eventstore.Config{}), nil, nil, dir, files.Config{})
	return intake.New(store), store, dir
}

func picture(w, h int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			m.Set(x, y, color.NRGBA{uint8(x), uint8(y), 7, 255})
		}
	}
	return m
}

func encoded(t *testing.T, encode func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG says in its header that it has so many pixels; there is next to nothing in it.
func hugePNG(t *testing.T, side uint32) []byte {
	small := encoded(t, func(w io.Writer) error { return png.Encode(w, picture(2, 2)) })
	binary.BigEndian.PutUint32(small[16:], side)
	binary.BigEndian.PutUint32(small[20:], side)
	binary.BigEndian.PutUint32(small[29:], crc32.ChecksumIEEE(small[12:29]))
	return small
}

func TestFile(t *testing.T) {
	i, store, dir := newIntake(t)
	photo := encoded(t, func(w io.Writer) error { return jpeg.Encode(w, picture(300, 200), nil) })
	for _, tt := range []struct {
		name          string
		content       []byte
		media         string
		width, height int
		small         string // type and size of the thumbnail
	}{
		{"text", []byte("Hello"), "text/plain", 0, 0, ""},
		{"png", encoded(t, func(w io.Writer) error { return png.Encode(w, picture(160, 40)) }), "image/png", 160, 40, "image/png 80 20"},
		{"jpeg", photo, "image/jpeg", 300, 200, "image/jpeg 80 53"},
		{"gif", encoded(t, func(w io.Writer) error { return gif.Encode(w, picture(81, 2), nil) }), "image/gif", 81, 2, "image/png 80 1"},
		{"an image that is small", encoded(t, func(w io.Writer) error { return png.Encode(w, picture(80, 80)) }), "image/png", 80, 80, ""},
		{"an image that is cut off", photo[:len(photo)/2], "image/jpeg", 300, 200, ""},
		{"an image without an end to its header", photo[:10], "image/jpeg", 0, 0, ""},
		{"50,000 by 50,000 pixels in a few bytes", hugePNG(t, 50_000), "image/png", 50_000, 50_000, ""},
		{"just too many pixels", hugePNG(t, 3300), "image/png", 3300, 3300, ""},
		{"html", []byte("<html><script>alert(1)</script>"), "text/html", 0, 0, ""},
		{"svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>`), "image/svg+xml", 0, 0, ""},
		{"a zip archive, which is not unpacked", []byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "application/zip", 0, 0, ""},
		{"anything", []byte{0, 1, 2, 3}, "application/octet-stream", 0, 0, ""},
	} {
		a, err := i.File(t.Context(), bytes.NewReader(tt.content), 1<<20)
		if err != nil || a.Type != tt.media || a.Size != int64(len(tt.content)) || a.Width != tt.width || a.Height != tt.height {
			t.Errorf("%s: File = %s of %d bytes, %d by %d, %v; want %s, %d by %d", tt.name, a.Type, a.Size, a.Width, a.Height, err, tt.media, tt.width, tt.height)
		}
		small := ""
		for _, thumbnail := range a.Thumbnails {
			content, err := io.ReadAll(store.Open(t.Context(), thumbnail))
			if err != nil {
				t.Fatal(err)
			}
			m, kind, err := image.Decode(bytes.NewReader(content))
			if err != nil || thumbnail.Type != "image/"+kind || m.Bounds().Dx() != thumbnail.Width || m.Bounds().Dy() != thumbnail.Height {
				t.Errorf("%s: the thumbnail is not what it is said to be: %v", tt.name, err)
			}
			small = fmt.Sprint(thumbnail.Type, " ", thumbnail.Width, " ", thumbnail.Height)
		}
		if small != tt.small {
			t.Errorf("%s: thumbnail %q; want %q", tt.name, small, tt.small)
		}
		store.Forget(t.Context(), a)
	}
	if n := stored(t, dir); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

func stored(t *testing.T, dir *blob.Dir) (n int) {
	t.Helper()
	if err := dir.Each(t.Context(), func(blob.ID, time.Time) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFileRefused(t *testing.T) {
	i, _, dir := newIntake(t)
	for _, tt := range []struct {
		name    string
		size    int
		wantErr error
	}{{"empty", 0, intake.ErrEmpty}, {"as large as it may be", 100_000, nil}, {"a byte too large", 100_001, intake.ErrTooLarge}, {"much too large", 1 << 20, intake.ErrTooLarge}} {
		before := stored(t, dir)
		_, err := i.File(t.Context(), strings.NewReader(strings.Repeat("x", tt.size)), 100_000)
		if !errors.Is(err, tt.wantErr) {
			t.Errorf("%s: File = %v; want %v", tt.name, err, tt.wantErr)
		}
		if left := stored(t, dir) - before; tt.wantErr != nil && left != 0 {
			t.Errorf("%s: %d blobs are left", tt.name, left)
		}
	}
}

// Memory does not grow with a file.
func TestFileIsStreamed(t *testing.T) {
	i, _, _ := newIntake(t)
	used := func(size int64) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := i.File(t.Context(), io.LimitReader(zeros{}, size), size); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	used(1 << 20)
	if large := used(64 << 20); large > 4<<20 {
		t.Errorf("a file of 64 MiB took %d bytes of memory in all", large)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
