package main

import (
	"strings"
	"testing"

	"github.com/commentd/commentd/eventstore/blob"
)

func TestParseBlobs(t *testing.T) {
	for place, want := range map[string]blobPlace{
		"/var/lib/commentd": {folder: "/var/lib/commentd"},
		"blobs":             {folder: "blobs"},
		"s3://files":        {s3: blob.S3Config{Bucket: "files", Endpoint: "s3.amazonaws.com"}},
		"s3://files/a/b/?endpoint=127.0.0.1:9000&region=eu-1&insecure=true": {
			s3: blob.S3Config{Bucket: "files", Endpoint: "127.0.0.1:9000", Prefix: "a/b/", Region: "eu-1", Insecure: true},
		},
	} {
		if got, err := parseBlobs(place); err != nil || got != want {
			t.Errorf("parseBlobs(%q) = %+v, %v; want %+v", place, got, err, want)
		}
	}
	for _, place := range []string{"", "http://files", "s3://", "s3:///a", "s3://key:s3cr3t@files", "s3://files?insecure=perhaps", "s3://files?endpint=x", "s3://files?endpoint=", "s3://%zz", "s3://files#a"} {
		if got, err := parseBlobs(place); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("parseBlobs(%q) = %+v, %v; want a refusal that quotes nothing", place, got, err)
		}
	}
}
