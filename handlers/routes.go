package handlers

import "slices"

// routes is the table of contents: one line for each address.
func (s *Server) routes() []route {
	return slices.Concat(s.settings(), s.factorRoutes(), s.packageRoutes(), s.orgRoutes(), []route{
		{open, "GET", "/", s.home},
		{open, "GET", "/help/npm", s.helpNpm},
		{open, "GET", "/~:person", s.person},
		{open, "GET", "/search", s.search},

		{open, "GET", "/signup", s.signUpPage},
		{open, "POST", "/signup", s.signUp},
		{open, "GET", "/login", s.loginPage},
		{open, "POST", "/login", s.signIn},
		{open, "POST", "/logout", s.signOut},
		{open, "GET", "/password/forgot", s.forgotPage},
		{open, "POST", "/password/forgot", s.forgot},
		{byLink, "GET", "/password/reset/:token", s.resetPage},
		{byLink, "POST", "/password/reset/:token", s.reset},
		{byLink, "GET", "/verify/:token", s.verifyPage},
		{byLink, "POST", "/verify/:token", s.verify},
		{byLink, "GET", "/invitations/:token", s.invitationPage},
		{byLink, "POST", "/invitations/:token", s.acceptInvitation},
		{byLink, "GET", "/lock/:token", s.lockLinkPage},
		{byLink, "POST", "/lock/:token", s.lockByLink},
		{byLink, "GET", "/setup/:token", s.setupPage},
		{byLink, "POST", "/setup/:token", s.setUp},

		{signedIn, "GET", "/sudo", s.sudoPage},
		{signedIn, "POST", "/sudo", s.confirm},
		{signedIn, "GET", "/auth/login/:id", s.cliLoginPage},
		{signedIn, "POST", "/auth/login/:id", s.answerCLILogin},

		{signedIn, "GET", "/settings/organizations", s.myOrganizations},

		{operator, "GET", "/operator", s.operatorPage},
		{operator, "GET", "/operator/people", s.peoplePage},
		{operator, "POST", "/operator/people", s.invite},
		{operator, "GET", "/operator/mail", s.mailPage},
		{operator, "GET", "/operator/mail/:id", s.letterPage},

		{file, "GET", "/static/:file", s.static},
		{file, "GET", "/favicon.ico", s.favicon},
		{file, "GET", "/favicon.svg", s.favicon},
		{file, "GET", "/robots.txt", s.robots},
	})
}

// packageRoutes are the pages of a package.
func (s *Server) packageRoutes() []route {
	return []route{
		{open, "GET", "/package/:name", s.packageShow},
		{open, "GET", "/package/:name/files", s.packageFiles},
		{open, "GET", "/package/:name/files/:version", s.packageFiles},
		{open, "GET", "/package/:name/files/:version/*", s.packageFiles},
		{open, "GET", "/package/:name/versions", s.packageVersions},
		{open, "GET", "/package/:name/dependencies", s.packageDependencies},
		{open, "GET", "/package/:name/dependents", s.packageDependents},
		{open, "GET", "/package/:name/diff", s.chooseDiff},
		{open, "GET", "/package/:name/diff/:range", s.packageDiff},
		{fresh, "GET", "/package/:name/settings", s.packageSettingsPage},
		{fresh, "POST", "/package/:name/settings/access", s.setPackageAccess},
		{fresh, "POST", "/package/:name/settings/maintainers", s.changeMaintainers},
		{fresh, "POST", "/package/:name/settings/deprecation", s.deprecatePackage},
		{fresh, "GET", "/package/:name/settings/delete", s.packageDeletePage},
		{fresh, "POST", "/package/:name/settings/delete", s.deletePackage},
	}
}

// settings are the pages of a person's own account.
func (s *Server) settings() []route {
	return []route{
		{signedIn, "GET", "/settings/profile", s.profilePage},
		{signedIn, "POST", "/settings/profile", s.saveProfile},
		{signedIn, "GET", "/settings/emails", s.emailsPage},
		{signedIn, "POST", "/settings/emails", s.resendVerification},
		{fresh, "GET", "/settings/password", s.passwordPage},
		{fresh, "POST", "/settings/password", s.changePassword},
		{signedIn, "GET", "/settings/packages", s.myPackages},
		{signedIn, "GET", "/settings/invitations", s.invitationsPage},
		{signedIn, "POST", "/settings/invitations/:id", s.answerInvitation},
		{signedIn, "GET", "/settings/sessions", s.sessionsPage},
		{signedIn, "POST", "/settings/sessions", s.endSessions},
		{signedIn, "GET", "/settings/tokens", s.tokensPage},
		{signedIn, "POST", "/settings/tokens", s.revokeTokens},
		{fresh, "GET", "/settings/tokens/new", s.newTokenPage},
		{fresh, "POST", "/settings/tokens/new", s.newToken},
		{fresh, "GET", "/settings/tokens/:id/rotate", s.rotateTokenPage},
		{fresh, "POST", "/settings/tokens/:id/rotate", s.rotateToken},
		{signedIn, "GET", "/settings/security-log", s.securityLogPage},
		{signedIn, "GET", "/settings/security-log/export", s.exportSecurityLog},
		{signedIn, "GET", "/settings/lock", s.lockPage},
		{signedIn, "POST", "/settings/lock", s.lock},
	}
}

// orgRoutes are the pages of organizations.
func (s *Server) orgRoutes() []route {
	return []route{
		{signedIn, "GET", "/org/new", s.newOrgPage},
		{signedIn, "POST", "/org/new", s.newOrg},
		{signedIn, "GET", "/org/:org/members", s.orgMembersPage},
		{signedIn, "POST", "/org/:org/members", s.changeMember},
		{signedIn, "GET", "/org/:org/members/export", s.exportMembers},
		{signedIn, "POST", "/org/:org/reminders", s.remindMembers},
		{signedIn, "GET", "/org/:org/invitations", s.orgInvitationsPage},
		{signedIn, "POST", "/org/:org/invitations", s.inviteToOrg},
		{signedIn, "POST", "/org/:org/invitations/:id", s.changeInvitation},
		{signedIn, "GET", "/org/:org/teams", s.orgTeamsPage},
		{signedIn, "POST", "/org/:org/teams", s.createTeam},
		{signedIn, "GET", "/org/:org/teams/:team", s.orgTeamPage},
		{signedIn, "POST", "/org/:org/teams/:team", s.changeTeam},
		{signedIn, "GET", "/org/:org/security", s.orgSecurityPage},
		{fresh, "GET", "/org/:org/security/preview", s.orgPreviewPage},
		{fresh, "POST", "/org/:org/security", s.changeOrgSecurity},
		{fresh, "GET", "/org/:org/delete", s.orgDeletePage},
		{fresh, "POST", "/org/:org/delete", s.deleteOrg},
		{signedIn, "GET", "/org/:org/audit-log", s.orgLogPage},
		{signedIn, "GET", "/org/:org/audit-log/export", s.exportOrgLog},
		{signedIn, "POST", "/org/:org/security/restore", s.restoreMember},
	}
}

// factorRoutes are where people prove themselves beside a password.
func (s *Server) factorRoutes() []route {
	return []route{
		{open, "GET", "/login/factor", s.loginFactorPage},
		{open, "POST", "/login/factor", s.loginFactor},
		{open, "POST", "/login/factor/begin", s.beginLoginFactor},
		{open, "GET", "/login/code", s.loginCodePage},
		{open, "POST", "/login/code", s.loginCode},
		{open, "GET", "/login/lost", s.lostPage},
		{open, "POST", "/login/lost", s.askRecovery},
		{byLink, "GET", "/recovery/:token", s.recoveryPage},
		{byLink, "POST", "/recovery/:token", s.answerRecovery},
		{operator, "GET", "/operator/recoveries", s.recoveriesPage},
		{operator, "POST", "/operator/recoveries", s.decideRecovery},
		{open, "GET", "/login/recovery-code", s.loginRecoveryPage},
		{open, "POST", "/login/recovery-code", s.loginRecovery},
		{open, "POST", "/login/passkey", s.passkey},
		{open, "POST", "/login/passkey/begin", s.beginPasskey},
		{signedIn, "POST", "/sudo/begin", s.beginSudo},
		{signedIn, "GET", "/auth/confirm/:id", s.questionPage},
		{signedIn, "POST", "/auth/confirm/:id", s.answerQuestion},
		{signedIn, "POST", "/auth/confirm/:id/begin", s.beginAnswer},
		{signedIn, "GET", "/settings/two-factor", s.twoFactorPage},
		{fresh, "GET", "/settings/two-factor/add", s.twoFactorAddPage},
		{fresh, "POST", "/settings/two-factor/keys", s.finishKey},
		{fresh, "POST", "/settings/two-factor/keys/begin", s.beginKey},
		{signedIn, "POST", "/settings/two-factor/keys/:id", s.changeKey},
		{fresh, "GET", "/settings/two-factor/app", s.appPage},
		{fresh, "POST", "/settings/two-factor/app", s.changeApp},
		{fresh, "GET", "/settings/two-factor/codes", s.codesPage},
		{fresh, "POST", "/settings/two-factor/codes", s.changeCodes},
		{fresh, "POST", "/settings/two-factor/mode", s.setMode},
		{fresh, "GET", "/settings/two-factor/off", s.twoFactorOffPage},
		{fresh, "POST", "/settings/two-factor/off", s.turnTwoFactorOff},
	}
}
