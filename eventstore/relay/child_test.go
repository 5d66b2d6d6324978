package relay

// childMode names the environment variable that makes the test binary another
// program.
const childMode = "COMMENTD_RELAY_TEST_CHILD"

var children = map[string]func(){}
