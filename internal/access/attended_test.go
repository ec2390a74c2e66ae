package access

import (
	"errors"
	"testing"
)

// Where only people may change something, a token for machines still reads; people and their tokens change it.
func TestMachinesReadWhereOnlyPeopleChange(t *testing.T) {
	f := Facts{Standing: Owner, Attended: true}
	for _, row := range []struct {
		name  string
		grant *Grant
		act   Action
		want  error
	}{
		{"a machine reads", &Grant{Unattended: true}, PackageRead, nil},
		{"a machine publishes", &Grant{Unattended: true}, PackagePublish, ErrAttended},
		{"a machine tags", &Grant{Unattended: true}, PackageTag, ErrAttended},
		{"a terminal publishes", &Grant{Terminal: true}, PackagePublish, nil},
		{"a browser publishes", nil, PackagePublish, nil},
	} {
		by := Actor{UserID: "ann", Via: ViaToken, EmailVerified: true, Grant: row.grant}
		if err := Check(by, row.act, f, now); !errors.Is(err, row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
