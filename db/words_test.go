package db

import "testing"

func TestWordsInEachDatabasesOwnLanguage(t *testing.T) {
	for _, row := range []struct {
		words            Words
		sqlite, postgres string
	}{
		{
			words:    Words{{"pad"}},
			sqlite:   `("pad")`,
			postgres: `('pad')`,
		},
		{
			words:    Words{{"left*"}, {"k§a", "k§b"}},
			sqlite:   `("left*") AND ("k§a" OR "k§b")`,
			postgres: `('left':*) & ('k§a' | 'k§b')`,
		},
	} {
		if _, got := (sqlite{}).matching(row.words); got != row.sqlite {
			t.Errorf("SQLite: %s", got)
		}
		if _, got := (postgres{}).matching(row.words); got != row.postgres {
			t.Errorf("PostgreSQL: %s", got)
		}
	}
}
