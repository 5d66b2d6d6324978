// Package devstacktest gives tests a real Postgres and a real NATS.
//
// The tests of one binary share a server, which the first of them starts, and
// each gets a database of its own on it. The server ends with the binary, however
// that ends. COMMENTD_TEST_POSTGRES_URL names another server to use, as a role
// that may create databases.
//
// A missing server fails the test and says how to get one; only -short skips it.
// A package that wants the server gone, and its folder deleted, at the end of its
// tests rather than at the next run says so:
//
//	func TestMain(m *testing.M) { devstacktest.Main(m) }
//
// Under goleak, the goroutine that waits for the server is
// github.com/commentd/commentd/internal/devstack.(*process).run.
package devstacktest
