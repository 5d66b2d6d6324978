package blob

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// gateway is an S3 server over a folder, as a process of its own.
const gateway = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

// startS3 builds the server, which is no part of the product and hence not in go.mod,
// starts it, and makes a bucket.
func startS3(t *testing.T) (S3Config, *minio.Client) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an S3 server")
	}
	bin, data := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "install", gateway)
	build.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		for _, unreachable := range []string{"no such host", "dial tcp", "i/o timeout", "module lookup disabled"} {
			if bytes.Contains(out, []byte(unreachable)) {
				t.Skipf("an S3 server cannot be had: the module proxy is not reachable\n%s", out)
			}
		}
		t.Fatalf("go install %s: %v\n%s", gateway, err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	versions := filepath.Join(t.TempDir(), "versions")
	if err := os.Mkdir(versions, 0o700); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(filepath.Join(bin, "versitygw"), "--port", address, "--access", "key", "--secret", "secret",
		"posix", "--sidecar", t.TempDir(), "--versioning-dir", versions, data)
	var said bytes.Buffer
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGKILL)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("the S3 server said:\n%s", said.String())
		}
	})
	config := S3Config{
		Endpoint: address, Bucket: "blobs", Prefix: "commentd/", Region: "us-east-1", Insecure: true,
		Credentials: credentials.NewStaticV4("key", "secret", ""),
	}
	client, err := minio.New(address, &minio.Options{Creds: config.Credentials, Region: config.Region})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for err = client.MakeBucket(ctx, config.Bucket, minio.MakeBucketOptions{}); err != nil; err = client.MakeBucket(ctx, config.Bucket, minio.MakeBucketOptions{}) {
		if ctx.Err() != nil {
			t.Fatalf("make a bucket: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return config, client
}

// TestS3 runs against a real server.
func TestS3(t *testing.T) {
	config, client := startS3(t)
	store, err := OpenS3(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	conform(t, store)

	t.Run("no version of what is deleted is left", func(t *testing.T) {
		ctx := t.Context()
		if err := client.EnableVersioning(ctx, config.Bucket); err != nil {
			t.Fatal(err)
		}
		id := put(t, store, []byte("first"))
		if err := store.Put(ctx, id, bytes.NewReader([]byte("second"))); err != nil {
			t.Fatal(err)
		}
		count := func() (n int) {
			for object := range client.ListObjectsIter(ctx, config.Bucket, minio.ListObjectsOptions{Prefix: store.name(id), WithVersions: true}) {
				if object.Err != nil {
					t.Fatal(object.Err)
				}
				n++
			}
			return n
		}
		if n := count(); n != 2 {
			t.Fatalf("there are %d versions; want 2", n)
		}
		if err := store.Delete(ctx, id); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d versions are left of what was deleted", n)
		}
	})
	t.Run("no bucket, no server", func(t *testing.T) {
		other := config
		other.Bucket = "another"
		if _, err := OpenS3(t.Context(), other); err == nil {
			t.Error("OpenS3 of a bucket that is not there succeeded")
		}
		other = config
		other.Credentials = credentials.NewStaticV4("key", "wrong", "")
		if _, err := OpenS3(t.Context(), other); !errors.Is(err, ErrUnavailable) {
			t.Errorf("OpenS3 with another secret = %v; want ErrUnavailable", err)
		}
	})
}
