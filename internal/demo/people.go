package demo

import "time"

const day = 24 * time.Hour

// person has an account. Addresses are at example.test, which no mail reaches (RFC 2606).
type person struct {
	name, fullName, homepage string
	operator                 bool
	joined                   time.Duration // so long ago
}

// people are in the order in which they joined; the first one runs the installation.
var people = []person{
	{name: "mira", fullName: "Mira Lindqvist", homepage: "https://mira.example.test", operator: true, joined: 364 * day},
	{name: "jonas", fullName: "Jonas Weber", homepage: "https://weber.example.test/code", joined: 351 * day},
	{name: "amara", fullName: "Amara Okafor", joined: 290 * day},
	{name: "tomas", fullName: "Tomás Prieto", homepage: "https://tomas.example.test", joined: 180 * day},
	{name: "bartholomew-featherstonehaugh", fullName: "Bartholomew Featherstonehaugh-Cholmondeley", joined: 45 * day},
}
