package intake

import (
	"bytes"
	"context"
	"image"
	_ "image/gif" // the kinds of images that are drawn
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"

	"github.com/commentd/commentd/domain"
)

const (
	// maxPixels is how large an image may be to be drawn: the decoder of a progressive
	// JPEG takes twelve bytes for each. That a file is small says nothing of that.
	maxPixels = 10 << 20
	// maxDrawn is how large its file may be.
	maxDrawn = 20 << 20
	// thumbnailSide is the longer side of a thumbnail, in pixels.
	thumbnailSide = 80
)

// draw adds to an image its size in pixels and a thumbnail. What cannot be decoded is a
// file like any other.
func (i *Intake) draw(ctx context.Context, a domain.Attachment) (domain.Attachment, error) {
	if a.Type != "image/png" && a.Type != "image/jpeg" && a.Type != "image/gif" {
		return a, nil
	}
	file := i.files.Open(ctx, a)
	defer file.Close()
	config, kind, err := image.DecodeConfig(file)
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return a, nil
	}
	a.Width, a.Height = config.Width, config.Height
	if max(a.Width, a.Height) <= thumbnailSide || int64(a.Width)*int64(a.Height) > maxPixels || a.Size > maxDrawn {
		return a, nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return a, err
	}
	small, err := i.small(ctx, file, kind)
	if err != nil || small == nil {
		return a, err
	}
	thumbnail, err := i.files.Put(ctx, bytes.NewReader(small.Bytes))
	if err != nil {
		return a, err
	}
	thumbnail.Type, thumbnail.Width, thumbnail.Height = small.Type, small.Width, small.Height
	a.Thumbnails = []domain.Attachment{thumbnail}
	return a, nil
}

// drawn is an image as a file.
type drawn struct {
	Bytes         []byte
	Type          string
	Width, Height int
}

// small returns a thumbnail of the image in a file, nil if it cannot be decoded after
// all. One image at a time is drawn.
func (i *Intake) small(ctx context.Context, file io.Reader, kind string) (*drawn, error) {
	select {
	case i.drawing <- struct{}{}:
		defer func() { <-i.drawing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	large, _, err := image.Decode(file)
	if err != nil {
		return nil, nil
	}
	from := large.Bounds()
	longer := max(from.Dx(), from.Dy())
	small := image.NewRGBA(image.Rect(0, 0, max(1, from.Dx()*thumbnailSide/longer), max(1, from.Dy()*thumbnailSide/longer)))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), large, from, draw.Src, nil)
	var out bytes.Buffer
	d := &drawn{Type: "image/png", Width: small.Rect.Dx(), Height: small.Rect.Dy()}
	if kind == "jpeg" {
		d.Type = "image/jpeg"
		err = jpeg.Encode(&out, small, nil)
	} else {
		err = png.Encode(&out, small)
	}
	d.Bytes = out.Bytes()
	return d, err
}
