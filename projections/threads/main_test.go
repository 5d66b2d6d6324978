package threads_test

import (
	"testing"

	"github.com/commentd/commentd/internal/devstacktest"
)

func TestMain(m *testing.M) { devstacktest.Main(m) }
