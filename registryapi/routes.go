package registryapi

import "net/http"

// routes is the table of contents. A package's name is one path segment (see canonicalPath).
func (s *Server) routes() {
	s.routesOfPeople()
	s.routesOfOrganizations()
	s.routesOfPackages()
}

func (s *Server) routesOfPeople() {
	e := s.echo

	e.GET("/", s.root)
	e.GET("/-/ping", s.ping)
	e.GET("/-/whoami", s.whoami)

	e.POST("/-/v1/login", s.startLogin)
	e.Match([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete}, "/-/v1/done", s.pollLogin)
	e.Match([]string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete}, "/-/v1/confirmed", s.pollConfirmation)
	e.PUT("/-/user/:user", s.legacyLogin)
	e.PUT("/-/user/:user/-rev/:rev", s.legacyLogin)
	e.GET("/-/user/:user", s.person)
	e.DELETE("/-/user/token/:token", s.logout)
	e.GET("/-/user/:user/package", s.packagesOf)
	e.GET("/-/user/v1/star", s.starred)
	e.PUT("/-/user/v1/star", s.star)
	e.DELETE("/-/user/v1/star", s.star)
	e.GET("/-/_view/starredByUser", s.starredBy)
	e.GET("/-/npm/v1/user", s.profile)
	e.POST("/-/npm/v1/user", s.setProfile)
	e.GET("/-/npm/v1/tokens", s.listTokens)
	e.POST("/-/npm/v1/tokens", s.createToken)
	e.DELETE("/-/npm/v1/tokens/token/:token", s.revokeToken)
	e.GET("/-/npm/v1/keys", s.keys)
}

func (s *Server) routesOfOrganizations() {
	e := s.echo

	e.GET("/-/org/:org/user", s.orgMembers)
	e.PUT("/-/org/:org/user", s.setOrgMember)
	e.DELETE("/-/org/:org/user", s.removeOrgMember)
	e.GET("/-/org/:org/package", s.orgPackages)
	e.GET("/-/org/:org/team", s.listTeams)
	e.PUT("/-/org/:org/team", s.createTeam)
	e.DELETE("/-/team/:org/:team", s.removeTeam)
	e.GET("/-/team/:org/:team/user", s.teamMembers)
	e.PUT("/-/team/:org/:team/user", s.addToTeam)
	e.DELETE("/-/team/:org/:team/user", s.removeFromTeam)
	e.GET("/-/team/:org/:team/package", s.teamPackages)
	e.PUT("/-/team/:org/:team/package", s.grant)
	e.DELETE("/-/team/:org/:team/package", s.ungrant)
}

func (s *Server) routesOfPackages() {
	e := s.echo

	e.GET("/-/v1/search", s.search)
	e.POST("/-/npm/v1/security/advisories/bulk", s.bulkAudit)
	e.POST("/-/npm/v1/security/audits", s.treeAudit)
	e.POST("/-/npm/v1/security/audits/quick", s.treeAudit)

	e.GET("/-/package/:name/dist-tags", s.listTags)
	e.PUT("/-/package/:name/dist-tags/:tag", s.setTag)
	e.POST("/-/package/:name/dist-tags/:tag", s.setTag)
	e.DELETE("/-/package/:name/dist-tags/:tag", s.removeTag)

	e.GET("/downloads/point/:period", s.downloadPoint)
	e.GET("/downloads/point/:period/:name", s.downloadPoint)
	e.GET("/downloads/range/:period", s.downloadRange)
	e.GET("/downloads/range/:period/:name", s.downloadRange)
	e.GET("/versions/:name/last-week", s.versionDownloads)

	e.GET("/-/package/:name/collaborators", s.collaborators)
	e.GET("/-/package/:name/visibility", s.visibility)
	e.GET("/-/package/:name/access", s.access)
	e.POST("/-/package/:name/access", s.setAccess)
	e.PUT("/-/package/:name/owners", s.addOwner)
	e.DELETE("/-/package/:name/owners/:user", s.removeOwner)
	e.GET("/:name", s.packument)
	e.PUT("/:name", s.put)
	e.PUT("/:name/-rev/:rev", s.edit)
	e.DELETE("/:name/-rev/:rev", s.unpublish)
	e.GET("/:name/-/:file", s.tarball)
	e.DELETE("/:name/-/:file/-rev/:rev", s.removeTarball)
}
