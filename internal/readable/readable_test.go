package readable_test

import (
	"testing"

	"latchkey/internal/readable"
)

func TestTextSaysWhatIsInIt(t *testing.T) {
	for in, want := range map[string][2]string{
		"plain":               {"plain", "plain"},
		"naïve 東京 👩\u200d🚒":   {"naïve 東京 👩\u200d🚒", "naïve 東京 👩\u200d🚒"},
		"a\u202eb\u2066c":     {`a\u202eb\u2066c`, `a\u202eb\u2066c`},
		"a\u200bb\u00adc":     {`a\u200bb\u00adc`, `a\u200bb\u00adc`},
		"\U000e0041":          {`\ue0041`, `\ue0041`},
		"a\nb\tc":             {"a b c", "a\nb\tc"},
		"a\r\nb\rc":           {"a  b c", "a\nb␍c"},
		"\x00\x1b[2J\x7f":     {"  [2J ", "␀␛[2J␡"},
		"\u0085x":             {" x", "␡x"},
		"\ufeffa\ufeff":       {`\ufeffa\ufeff`, `a\ufeff`},
		"":                    {"", ""},
		"broken \xff\xfe end": {"broken \ufffd\ufffd end", "broken \ufffd\ufffd end"},
	} {
		if got := readable.Line(in); got != want[0] {
			t.Errorf("Line(%q) is %q, want %q", in, got, want[0])
		}
		if got := readable.Text(in); got != want[1] {
			t.Errorf("Text(%q) is %q, want %q", in, got, want[1])
		}
	}
}
