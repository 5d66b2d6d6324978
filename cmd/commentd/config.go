package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/commentd/commentd/eventstore/vault"
)

// variable is the environment variable that a flag can be given by.
func variable(flag string) string {
	return "COMMENTD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment gives flags that were not typed the value of their variable. A
// value may be kept in a file, named by the variable with _FILE added.
func fromEnvironment(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		value, err := secret(getenv, variable(flag.Name))
		if err != nil || value == "" {
			return nil, err
		}
		return value, nil
	})
}

// helpWithVariable shows the variable of a flag in its help.
func helpWithVariable(value *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(value)
	if value.Flag == nil || value.Name == "help" {
		return help
	}
	return strings.TrimSuffix(help, ".") + " ($" + variable(value.Name) + ")."
}

// secret returns the value of an environment variable, or the content of the file
// that the variable with _FILE added names. Unset is "".
func secret(getenv func(string) string, name string) (string, error) {
	value, file := getenv(name), getenv(name+"_FILE")
	switch {
	case file == "":
		return value, nil
	case value != "":
		return "", &usageError{fmt.Errorf("%s and %s_FILE are both set; set one", name, name)}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", &usageError{fmt.Errorf("%s_FILE: %w", name, err)}
	}
	return strings.TrimSpace(string(content)), nil
}

// database is the configuration of every command that works on the database.
type database struct {
	PostgresURL string `help:"Postgres, as a URL or key=value string. Passwords are better kept in COMMENTD_POSTGRES_URL_FILE or a passfile." placeholder:"URL"`
	KeyringURL  string `name:"keyring-url" help:"A small Postgres database of its own for the keyring, with WAL and backups that are not kept for long. The database above if not given." placeholder:"URL"`
}

func (c database) validate() error {
	if c.PostgresURL == "" {
		return errors.New("COMMENTD_POSTGRES_URL is not set: the URL of the Postgres database to use")
	}
	var errs []error
	for _, database := range []struct{ name, url string }{{"COMMENTD_POSTGRES_URL", c.PostgresURL}, {"COMMENTD_KEYRING_URL", c.KeyringURL}} {
		if _, err := pgconn.ParseConfig(database.url); database.url != "" && err != nil {
			// The parser's error may quote the URL, and with it the password.
			errs = append(errs, errors.New(database.name+" is malformed: it must have the form postgres://user@host/database, or key=value"))
		}
	}
	return errors.Join(errs...)
}

// linkBase is how clients reach the service, without a slash at the end: paths are put
// after it.
type linkBase string

// UnmarshalText refuses what links could not begin with.
func (p *linkBase) UnmarshalText(text []byte) error {
	trimmed := strings.TrimRight(string(text), "/")
	u, err := url.Parse(trimmed)
	if trimmed != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(trimmed, "?# ")) {
		return errors.New("must have the form https://host or https://host/path")
	}
	*p = linkBase(trimmed)
	return nil
}

// rootKey reads the root key, which is taken from the environment or a file only:
// arguments can be read by anyone on the machine.
func (e env) rootKey() (vault.RootKey, error) {
	text, err := secret(e.getenv, "COMMENTD_ROOT_KEY")
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, &usageError{errors.New("neither COMMENTD_ROOT_KEY_FILE nor COMMENTD_ROOT_KEY is set: the key that all others are sealed with (commentd root-key prints a new one)")}
	}
	key, err := vault.ParseRootKey(text)
	if err != nil {
		return nil, &usageError{fmt.Errorf("COMMENTD_ROOT_KEY: %w", err)}
	}
	return key, nil
}
