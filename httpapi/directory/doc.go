// Package directory knows whom commentd serves: accounts (tenants) and the people
// and programs in them. It is the home of directory.accounts and directory.users.
//
// Names and e-mail addresses are sealed by the vault before they leave the process;
// a person is found by a keyed digest of the address. Whatever is asked is asked
// within one account: another's user is no user.
//
// What requests ask for all the time (Settings, EnsureUser) is answered from
// memory, by answers younger than a second; see package fresh.
//
// A method fails with an error that wraps eventstore.ErrUnavailable if Postgres
// cannot be asked. No error repeats a name or an address.
package directory
