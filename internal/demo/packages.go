package demo

import (
	"embed"
	"fmt"
	"strings"
	"time"

	"deps.dev/util/semver"

	"latchkey/internal/npmpack"
)

// readmes holds one file for each package that has a readme.
//
//go:embed readmes/*.md
var readmes embed.FS

// pkg is a package and everything that was ever published of it.
type pkg struct {
	name, by, description string
	readme                string // file name without .md; "" for none
	keywords              []string
	license               string
	access                string
	dependencies          map[string]string
	manifest              map[string]any // more members, from a version on
	since                 string
	releases              []release
}

// release is one version. An empty tag is latest.
type release struct {
	version, tag string
	ago          time.Duration
}

// spread publishes versions at equal distances, the first and the last at given times.
func spread(first, last time.Duration, versions ...string) []release {
	out := make([]release, len(versions))
	for i, v := range versions {
		out[i] = release{version: v, ago: first - (first-last)*time.Duration(i)/time.Duration(max(1, len(versions)-1))}
	}
	return out
}

// tagged publishes one version under a tag.
func tagged(ago time.Duration, version, tag string) []release {
	return []release{{version, tag, ago}}
}

func join(parts ...[]release) (all []release) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

var packages = []pkg{
	{
		name: "left-align", by: "mira", readme: "left-align", license: "MIT",
		description: "Lines up text in columns, and knows how wide a character really is",
		since:       "4.0.0", manifest: map[string]any{
			"bin": map[string]any{"left-align": "bin/left-align.js"}, "types": "types/index.d.ts", "engines": map[string]any{"node": ">=18"},
		},
		keywords: []string{"align", "pad", "columns", "terminal", "unicode", "width"},
		releases: join(
			spread(360*day, 90*day, strings.Fields(`0.1.0 0.1.1 0.2.0 0.3.0 0.3.1 0.4.0 0.5.0 0.5.1 0.9.0 1.0.0 1.0.1 1.0.2 1.1.0
				1.1.1 1.2.0 1.2.1 2.0.0 2.0.1 2.1.0 2.1.1 2.2.0 3.0.0 3.0.1 3.1.0 3.1.1 3.2.0`)...),
			tagged(60*day, "4.0.0-rc.1", "next"), tagged(48*day, "4.0.0-rc.2", "next"),
			spread(41*day, 5*day, "4.0.0", "4.0.1", "4.1.0", "4.1.1"),
			tagged(20*day, "3.2.1", "legacy"), tagged(2*time.Hour, "3.2.2", "legacy"),
		),
	},
	{
		name: "tide-table", by: "jonas", readme: "tide-table", license: "EUPL-1.2",
		description: "Tide predictions from harmonic constants, without a network",
		since:       "3.0.0-beta.1", manifest: map[string]any{
			"scripts":          map[string]any{"test": "node --test", "postinstall": "node scripts/fetch-constants.js"},
			"dependencies":     map[string]any{"left-align": "^4.1.0", "@amara/date-ranges": "^1.0.0", "luxon": "^3.5.0"},
			"peerDependencies": map[string]any{"typescript": ">=5"}, "devDependencies": map[string]any{"@jonas/eslint-config": "^2.0.0", "tape": "5.9.0"},
		},
		keywords:     []string{"tide", "sailing", "harmonic", "harbour"},
		dependencies: map[string]string{"left-align": "^4.0.0"},
		releases: join(
			spread(340*day, 30*day, "1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.0.1", "2.1.0", "2.1.1"),
			tagged(12*day, "3.0.0-beta.1", "next"), tagged(19*time.Hour, "3.0.0-beta.2", "next"),
		),
	},
	{
		name: "retry-kindly", by: "amara", readme: "retry-kindly", license: "MIT",
		description: "Tries again, but not in everybody's way",
		keywords:    []string{"retry", "backoff", "jitter", "budget"},
		releases:    spread(280*day, 26*time.Hour, "0.1.0", "0.2.0", "1.0.0", "1.1.0", "1.1.1", "1.2.0"),
	},
	{
		name: "paper-lantern", by: "tomas", readme: "paper-lantern", license: "ISC",
		description:  "Shows Markdown in a terminal, beautifully",
		keywords:     []string{"markdown", "terminal", "cli"},
		dependencies: map[string]string{"left-align": "^4.0.1", "slugwright": "^2.0.0"},
		releases:     spread(170*day, 3*day, "0.1.0", "0.2.0", "0.3.0", "0.4.0", "1.0.0"),
	},
	{
		name: "csv-stanza", by: "amara", readme: "csv-stanza", license: "MIT",
		description: "Reads CSV as it is found, not as it should be",
		keywords:    []string{"csv", "parser", "stream"},
		releases:    spread(240*day, 9*day, "1.0.0", "1.0.1", "1.1.0", "1.1.1"),
	},
	{
		name: "slugwright", by: "jonas", readme: "slugwright", license: "MIT",
		description: "Turns titles into addresses, in 40 languages",
		keywords:    []string{"slug", "url", "transliteration"},
		releases:    spread(320*day, 75*day, "1.0.0", "1.1.0", "2.0.0", "2.0.1"),
	},
	{
		name: "@amara/date-ranges", by: "amara", readme: "date-ranges", license: "Apache-2.0",
		description: "Sets of days: unite them, intersect them, count them",
		keywords:    []string{"date", "range", "calendar"},
		releases:    spread(150*day, 6*time.Hour, "0.1.0", "0.2.0", "0.2.1", "1.0.0"),
	},
	{
		name: "@jonas/eslint-config", by: "jonas", readme: "eslint-config", license: "MIT",
		description: "Few rules, each with its reason",
		keywords:    []string{"eslint", "eslintconfig"},
		releases:    spread(300*day, 33*day, "1.0.0", "1.1.0", "2.0.0"),
	},
	{
		name: "@mira/harbor-config", by: "mira", readme: "harbor-config", license: "UNLICENSED", access: "restricted",
		description:  "How the services on our own machines are configured",
		dependencies: map[string]string{"retry-kindly": "^1.0.0"},
		releases:     spread(120*day, 40*time.Minute, "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0"),
	},
	{
		// Its author never wrote a word about it.
		name: "kelp", by: "bartholomew-featherstonehaugh", releases: spread(44*day, 44*day, "0.0.1"),
	},
	{
		name: "the-complete-and-unabridged-collection-of-string-padding-functions-for-every-alphabet-and-direction-of-writing",
		by:   "bartholomew-featherstonehaugh", readme: "long-name", license: "(MIT OR Apache-2.0 OR BSD-3-Clause)",
		description: "Pads text at its start, at its end, on both sides, all around and upwards; a description that goes on " +
			"for longer than anybody would read it, in order to see what a page does with it",
		keywords: []string{
			"pad", "padding", "string", "text", "alphabet", "vertical", "horizontal", "boustrophedon",
			"supercalifragilisticexpialidocious-keyword-without-a-place-to-break",
		},
		dependencies: map[string]string{"left-align": ">=3"},
		releases: join(spread(40*day, 20*day, "1.0.0", "1.0.1"),
			tagged(10*day, "2.0.0-experimental.20260301.with.a.very.long.prerelease.identifier", "experimental")),
	},
}

// at is the publish body of one version.
func (p pkg) at(r release) ([]byte, error) {
	pack := npmpack.Package{Name: p.name, Version: r.version, Tag: r.tag, Access: p.access, Manifest: map[string]any{
		"type": "module", "main": "index.js",
	}}
	m := pack.Manifest
	for key, text := range map[string]string{"description": p.description, "license": p.license} {
		if text != "" {
			m[key] = text
		}
	}
	if p.keywords != nil {
		m["keywords"] = p.keywords
	}
	if p.dependencies != nil {
		m["dependencies"] = p.dependencies
	}
	for key, value := range p.manifest {
		if semver.NPM.Compare(r.version, p.since) >= 0 {
			m[key] = value
		}
	}
	base := strings.TrimPrefix(p.name, "@")
	var err error
	if pack.Files, err = filesOf(p.name, r.version); err != nil {
		return nil, err
	}
	if len(pack.Files) == 0 {
		pack.Files = map[string]string{"index.js": fmt.Sprintf("export const name = %q\nexport const version = %q\n", p.name, r.version)}
	}
	if p.readme == "" {
		return pack.PublishBody(), nil
	}
	m["homepage"] = "https://code.example.test/" + base
	m["repository"] = map[string]any{"type": "git", "url": "git+https://code.example.test/" + base + ".git"}
	text, err := readmes.ReadFile("readmes/" + p.readme + ".md")
	pack.Readme = string(text)
	return pack.PublishBody(), err
}
