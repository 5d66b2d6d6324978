package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Config says where a bucket is. Only Endpoint and Bucket are required.
type S3Config struct {
	Endpoint string // host, or host:port
	Bucket   string // which exists
	Prefix   string // put before the names of blobs
	Region   string // default: asked for
	Insecure bool   // HTTP instead of HTTPS
	// Credentials default to those in the AWS_* environment, in the AWS credentials file,
	// or of the machine's role, whichever is found first.
	Credentials *credentials.Credentials
}

// S3 is a Store in a bucket of anything that speaks Amazon's S3 protocol.
type S3 struct {
	core   minio.Core
	bucket string
	prefix string
}

// partSize is what is held in memory of a blob on its way, and the least that S3 allows.
const partSize = 5 << 20

// OpenS3 returns a store in a bucket, and asks whether the bucket is there.
func OpenS3(ctx context.Context, config S3Config) (*S3, error) {
	if config.Credentials == nil {
		config.Credentials = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	client, err := minio.New(config.Endpoint, &minio.Options{
		Creds: config.Credentials, Secure: !config.Insecure, Region: config.Region, TrailingHeaders: true,
	})
	if err != nil {
		return nil, fmt.Errorf("blob store: %w", err)
	}
	s := &S3{core: minio.Core{Client: client}, bucket: config.Bucket, prefix: config.Prefix}
	switch there, err := client.BucketExists(ctx, s.bucket); {
	case err != nil:
		return nil, s.failed(ctx, "look for the bucket", err)
	case !there:
		return nil, fmt.Errorf("blob store: there is no bucket %s", s.bucket)
	}
	return s, nil
}

func (s *S3) name(id ID) string { return s.prefix + id.String() }

// failed is what went wrong. What a service answers beyond its code may hold anything.
func (s *S3) failed(ctx context.Context, doing string, err error) error {
	if answer := minio.ToErrorResponse(err); answer.Code != "" {
		if answer.StatusCode == http.StatusNotFound && answer.Code == minio.NoSuchKey {
			return ErrNotFound
		}
		err = errors.New(answer.Code)
	}
	return unavailable(ctx, doing, err)
}

// Put uploads an object, in parts if it is large. An upload that fails is aborted.
func (s *S3) Put(ctx context.Context, id ID, src io.Reader) error {
	source := &watched{ctx: ctx, Reader: src}
	_, err := s.core.Client.PutObject(ctx, s.bucket, s.name(id), source, -1, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize,
	})
	switch {
	case source.err != nil:
		return source.err
	case err != nil:
		return s.failed(ctx, "store", err)
	}
	return nil
}

// Open gets an object from the offset on.
func (s *S3) Open(ctx context.Context, id ID, offset int64) (io.ReadCloser, error) {
	var options minio.GetObjectOptions
	if offset > 0 {
		if err := options.SetRange(offset, 0); err != nil {
			return nil, fmt.Errorf("blob store: %w", err)
		}
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, s.name(id), options)
	if err != nil {
		return nil, s.failed(ctx, "open", err)
	}
	return body, nil
}

// Delete removes all versions of an object, where the bucket keeps any.
func (s *S3) Delete(ctx context.Context, id ID) error {
	for object := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.name(id), WithVersions: true}) {
		if object.Err != nil {
			if code := minio.ToErrorResponse(object.Err).Code; code == minio.NotImplemented {
				return s.remove(ctx, s.name(id), "") // the service knows no versions
			}
			return s.failed(ctx, "delete", object.Err)
		}
		if object.Key != s.name(id) {
			continue
		}
		if err := s.remove(ctx, object.Key, object.VersionID); err != nil {
			return err
		}
	}
	return nil
}

func (s *S3) remove(ctx context.Context, name, version string) error {
	if version == "null" { // the one of a bucket that has none
		version = ""
	}
	err := s.core.RemoveObject(ctx, s.bucket, name, minio.RemoveObjectOptions{VersionID: version})
	if err != nil {
		err = s.failed(ctx, "delete", err)
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Each lists the bucket.
func (s *S3) Each(ctx context.Context, do func(id ID, stored time.Time) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for object := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if object.Err != nil {
			return s.failed(ctx, "list", object.Err)
		}
		id, err := ParseID(strings.TrimPrefix(object.Key, s.prefix))
		if err != nil {
			continue // none of ours
		}
		if err := do(id, object.LastModified); err != nil {
			return err
		}
	}
	return nil
}
