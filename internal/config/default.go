package config

import "github.com/alecthomas/kong"

// Default returns every option at its default, completed. Tests and the demonstration begin with it.
func Default() (*Config, error) {
	var c Config
	k, err := kong.New(&c)
	if err != nil {
		return nil, err
	}
	if _, err := k.Parse(nil); err != nil {
		return nil, err
	}
	return &c, c.Complete()
}
