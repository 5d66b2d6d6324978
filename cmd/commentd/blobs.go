package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/commentd/commentd/eventstore/blob"
)

// blobPlace is where the sealed bytes of files are kept: a folder, or a bucket.
type blobPlace struct {
	folder string
	s3     blob.S3Config
}

var errBlobs = errors.New("COMMENTD_BLOBS is malformed: it must be a folder, or have the form s3://bucket/prefix?endpoint=host:port&region=name&insecure=true")

// parseBlobs reads COMMENTD_BLOBS. Credentials are not part of it.
func parseBlobs(place string) (blobPlace, error) {
	rest, bucket := strings.CutPrefix(place, "s3://")
	if !bucket {
		if place == "" || strings.Contains(place, "://") {
			return blobPlace{}, errBlobs
		}
		return blobPlace{folder: place}, nil
	}
	u, err := url.Parse("s3://" + rest)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return blobPlace{}, errBlobs
	}
	config := blob.S3Config{Bucket: u.Host, Endpoint: "s3.amazonaws.com"}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		config.Prefix = prefix + "/"
	}
	for key, values := range u.Query() {
		switch {
		case key == "endpoint" && values[0] != "":
			config.Endpoint = values[0]
		case key == "region" && values[0] != "":
			config.Region = values[0]
		case key == "insecure" && (values[0] == "true" || values[0] == "false"):
			config.Insecure = values[0] == "true"
		default:
			return blobPlace{}, errBlobs
		}
	}
	return blobPlace{s3: config}, nil
}

// open opens the place, and makes a folder that is not there.
func (p blobPlace) open(ctx context.Context) (blob.Store, error) {
	if p.folder == "" {
		return blob.OpenS3(ctx, p.s3)
	}
	folder, err := filepath.Abs(p.folder)
	if err != nil {
		return nil, fmt.Errorf("COMMENTD_BLOBS: %w", err)
	}
	return blob.OpenDir(folder)
}
